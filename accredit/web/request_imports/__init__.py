"""Importing conversion requests: upload a table, mend its cells in the browser, raise what is faultless."""
