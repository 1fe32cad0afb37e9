"""Importing conversion requests: what its pages say, and raising what is faultless."""
