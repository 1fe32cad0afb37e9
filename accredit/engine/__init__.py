"""Crediting and pricing as pure functions of frames: no Django, clock, files or network."""
