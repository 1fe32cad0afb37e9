"""Figures, each beside its yardstick in the same run: `make bench`, `make bench-large`."""
