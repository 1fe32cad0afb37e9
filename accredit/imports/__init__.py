"""Tables that people upload: read by a confined process, as texts with the row numbers that their spreadsheet shows."""
