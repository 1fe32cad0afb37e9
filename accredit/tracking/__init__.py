"""What came in, as it came: the log of clicks and the log of conversion events."""
