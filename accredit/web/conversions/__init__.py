"""The conversion list and the panel that explains one conversion."""
