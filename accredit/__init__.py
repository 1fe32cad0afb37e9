"""Accredit: who sent the customer, who gets the credit, how much, and why."""

__version__ = "0.1.0"
