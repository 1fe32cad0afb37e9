"""The pages of conversion requests: the Explorer, the panel, deciding, raising and the rules."""
