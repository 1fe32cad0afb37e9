"""What holds for every program: generated programs, the engine and the reference beside each other."""
