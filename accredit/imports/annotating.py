"""An upload as a spreadsheet again, as it is corrected: wrong cells are coloured and say what is wrong with them, so
that it can be corrected there and uploaded once more."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

import polars as pl
import xlsxwriter
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accredit.imports import queries, rows, sheets, words
from accredit.imports.checking import WHOLE_ROW
from accredit.imports.declaring import Table
from accredit.imports.models import Upload
from accredit.imports.queries import ColumnShown, Fault, View
from accredit.imports.samples import OPTIONS
from accredit.imports.sheets import ROW

WRONG = {"bg_color": "#FFC7CE", "font_color": "#9C0006"}
"""As spreadsheets themselves show what is bad."""
NUMBER = "0.##############"
MAX_COMMENTS = 20_000
"""Spreadsheets are slow to open files with more; further cells are coloured only."""


def annotate(upload: Upload, table: Table, target: Path | IO[bytes]) -> None:
    """Write the rows that nothing became of yet as XLSX, in the active language, and those that are left out on a sheet
    of their own. All cells are texts, whatever they begin with, but for the numbers of a spreadsheet."""
    undone, left_out = (rows.load(upload, view.condition()) for view in (View(undone=True), View(left_out=True)))
    with xlsxwriter.Workbook(target, {"constant_memory": True, **OPTIONS}) as book:
        _write(book, _("Table"), upload, table, undone)
        if len(left_out.rows):
            _write(book, sheets.LEFT_OUT["de" if get_language() == "de" else "en"], upload, table, left_out)


def _write(book: xlsxwriter.Workbook, name: str, upload: Upload, table: Table, loaded: rows.Rows) -> None:
    numbers = _numbers(upload, table, loaded)
    shown = _columns(upload, loaded)
    comments = 0
    sheet = book.add_worksheet(name)
    shapes = {
        (is_number, is_wrong): book.add_format(
            {"num_format": NUMBER if is_number else "@", **(WRONG if is_wrong else {})}
        )
        for is_number in (False, True)
        for is_wrong in (False, True)
    }
    bold = book.add_format({"bold": True})
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, len(shown), 18)
    for place, one in enumerate(shown):
        sheet.write_string(0, place, one.heading or words.title(table.column(one.name or "")), bold)
    for line, row in enumerate(loaded.rows.iter_rows(named=True), 1):
        faults = _by_place(row["faults"], shown)
        for place, one in enumerate(shown):
            cell, found = row[str(one.place)], faults.get(place, ())
            is_number = (row[ROW], one.name) in numbers
            if is_number:
                sheet.write_number(line, place, float(cell), shapes[True, bool(found)])
            elif cell is not None or found:
                sheet.write_string(line, place, cell or "", shapes[False, bool(found)])
            if found and comments < MAX_COMMENTS:
                sheet.write_comment(line, place, _comment(table, found, cell), {"x_scale": 2, "y_scale": 1.5})
                comments += 1


def _columns(upload: Upload, loaded: rows.Rows) -> Sequence[ColumnShown]:
    """Those of the file, and of the others those in which something stands or is missing."""
    names = {one.name for one in queries.columns(upload) if one.name in upload.counts}
    filled = {place for place in loaded.places if loaded.rows[place].null_count() < len(loaded.rows)}
    width = len(upload.names)
    return [
        one for one in queries.columns(upload) if one.place < width or one.name in names or str(one.place) in filled
    ]


def _numbers(upload: Upload, table: Table, loaded: rows.Rows) -> set[tuple[int, str]]:
    """The cells that are numbers of a spreadsheet: their texts alone might be read in two ways."""
    _texts, marks = rows.texts(upload, table, loaded)
    return set(marks.filter(pl.col("mark") == sheets.NUMBER).select(ROW, "column").iter_rows())


def _by_place(faults: str | None, shown: Sequence[ColumnShown]) -> Mapping[int, Sequence[Fault]]:
    """The faults of a row by the column in which they are shown; what is of no column stands in the first."""
    if faults is None:
        return {}
    places = {WHOLE_ROW: 0, **{one.name: place for place, one in enumerate(shown) if one.name}}
    found: dict[int, list[Fault]] = {}
    for column, code, details in json.loads(faults):
        found.setdefault(places.get(column, 0), []).append((column, code, details))
    return found


def _comment(table: Table, faults: Sequence[Fault], cell: str | None) -> str:
    """What is wrong and what would be right, for each fault of a cell."""
    return "\n".join(" ".join(words.fault(table, *fault, cell)).strip() for fault in faults)
