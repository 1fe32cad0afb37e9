"""Any declared import in the browser: upload a table, mend its cells, take it along; declared by an `ImportPage`."""
