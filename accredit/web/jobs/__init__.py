"""Work in the background: started by somebody, watched, left and found again."""
