"""Files in and out: the program file, and tables of clicks, orders, items and results (spec 80). No Django."""

from accredit.files.errors import FileError, FileErrors
from accredit.files.inputs import Inputs, read_clicks, read_inputs, read_items, read_orders
from accredit.files.program_file import parse_program, read_program, write_program

__all__ = [
    "FileError",
    "FileErrors",
    "Inputs",
    "parse_program",
    "read_clicks",
    "read_inputs",
    "read_items",
    "read_orders",
    "read_program",
    "write_program",
]
