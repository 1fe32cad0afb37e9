"""The set-up of programs: kept, compared with a program file, changed in one step."""
