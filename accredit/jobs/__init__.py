"""Work that takes longer than a request: started by somebody, done by the worker as them, watched and found again."""
