"""Spreadsheets for tests, as people's programs write them."""

import io
from collections.abc import Callable, Sequence
from typing import Any

import xlsxwriter
from xlsxwriter.worksheet import Worksheet


def spreadsheet(rows: Sequence[Sequence[Any]], change: Callable[[Worksheet], None] = lambda sheet: None) -> bytes:
    """The bytes of an XLSX file with one sheet of these rows; `change` writes further cells."""
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
        sheet = book.add_worksheet("Orders")
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
        change(sheet)
    return content.getvalue()
