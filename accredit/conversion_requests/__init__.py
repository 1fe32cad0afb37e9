"""Conversion requests: what partners ask to be created or changed, what would come of it, and doing it if accepted."""
