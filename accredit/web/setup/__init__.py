"""The set-up of a program: the pages that do what a program file does."""
