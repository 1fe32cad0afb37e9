"""The small fast service that takes clicks and conversions: check, append, answer. Without Django."""
