"""A workbook that is written row by row, so that its memory stays flat, and continued where a sheet is full."""

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import polars as pl
import xlsxwriter
from django.utils.translation import gettext as _

from accredit.lists.columns import Kind

ROWS = 1_048_575
"""Of one sheet, below its header: the format has no more."""
CHARACTERS = 32_767
"""Of one cell."""
WIDTHS = {Kind.INSTANT: 18, Kind.MONEY: 14, Kind.NUMBER: 10, Kind.KEY: 31}
OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}


class Sheets:
    """`with Sheets(…) as sheets:` rows go in with `write`; leaving the block without an error finishes the file.
    `parts`: a folder for what is not finished yet. `name`: of the sheet."""

    def __init__(self, path: Path, parts: Path, name: str, titles: Sequence[str], kinds: Sequence[Kind]) -> None:
        self.name, self.titles, self.kinds = name, titles, kinds
        self.rows = 0
        self.book = xlsxwriter.Workbook(path, {**OPTIONS, "tmpdir": str(parts)})
        self.head = self.book.add_format({"bold": True, "bottom": 1})
        self.instant = self.book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        self.amounts = {n: self.book.add_format({"num_format": f"#,##0.{'0' * n}".rstrip(".")}) for n in range(5)}
        self.number = self.book.add_format({"num_format": "#,##0"})
        self._begin()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _error: BaseException | None, _where: TracebackType | None
    ) -> None:
        if kind is None:
            self.book.close()
        else:
            self.book.fileclosed = True  # else it complains when it is forgotten
            for sheet in self.book.worksheets():
                sheet.row_data_fh.close()

    def _begin(self) -> None:
        """Another sheet."""
        sheets = len(self.book.worksheets())
        self.sheet = self.book.add_worksheet(f"{self.name} {sheets + 1}" if sheets else self.name)
        self.sheet.freeze_panes(1, 0)
        for place, (title, kind) in enumerate(zip(self.titles, self.kinds, strict=True)):
            self.sheet.set_column(place, place, max(WIDTHS.get(kind, 16), min(len(title) + 2, 40)))
            self.sheet.write_string(0, place, title, self.head)

    def write(self, cells: Sequence[pl.Series], places: pl.Series | None) -> None:
        """Add rows, given as a series for each column. `places`: the decimals of each row's currency."""
        columns = [column.to_list() for column in cells]
        decimals = places.to_list() if places is not None else [0] * len(columns[0])
        for row, count in zip(zip(*columns, strict=True), decimals, strict=True):
            if self.rows and self.rows % ROWS == 0:
                self._begin()
            self._row(self.rows % ROWS + 1, row, count)
            self.rows += 1

    def _row(self, place: int, row: Sequence[Any], decimals: int) -> None:
        write_number, write_string = self.sheet.write_number, self.sheet.write_string
        for column, (kind, value) in enumerate(zip(self.kinds, row, strict=True)):
            if value is None or value == "":
                continue
            if kind == Kind.MONEY:
                write_number(place, column, value, self.amounts[decimals])
            elif kind == Kind.INSTANT:
                write_number(place, column, value, self.instant)
            elif kind == Kind.NUMBER:
                write_number(place, column, value, self.number)
            else:
                write_string(place, column, value[:CHARACTERS])

    def say(self, facts: Sequence[tuple[str, str]], columns: Sequence[tuple[str, str, str]]) -> None:
        """A last sheet: what the file is, and the names that its columns have for programs."""
        sheet = self.book.add_worksheet(_("About this file"))
        sheet.set_column(0, 2, 30)
        place = 0
        for title, text in facts:
            sheet.write_string(place, 0, title, self.head)
            sheet.write_string(place, 1, text[:CHARACTERS])
            place += 1
        place += 1
        for head, title in enumerate((_("Column"), _("Name in addresses"), _("Name in Parquet"))):
            sheet.write_string(place, head, title, self.head)
        for row in columns:
            place += 1
            for column, text in enumerate(row):
                sheet.write_string(place, column, text)
