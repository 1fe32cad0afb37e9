"""Validating by file: upload a table, see what it would do, have it done."""
