"""Template terms: in words, their versions, the editor of a new one, what changes when."""
