"""The program file: the whole set-up of a program as TOML, in and out (spec 80)."""

from accredit.files.program_file.reading import ValuesRefused, leads_to, parse_program, program_of, read_program
from accredit.files.program_file.section import Finding
from accredit.files.program_file.writing import values_of, write_program

__all__ = [
    "Finding",
    "ValuesRefused",
    "leads_to",
    "parse_program",
    "program_of",
    "read_program",
    "values_of",
    "write_program",
]
