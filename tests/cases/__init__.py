"""The worked cases of the specifications as tables, each run against the engine and the reference."""
