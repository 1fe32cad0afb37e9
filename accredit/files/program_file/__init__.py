"""The program file: the whole set-up of a program as TOML, in and out (spec 80)."""

from accredit.files.program_file.reading import parse_program, read_program
from accredit.files.program_file.writing import write_program

__all__ = ["parse_program", "read_program", "write_program"]
