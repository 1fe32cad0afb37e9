"""A table as it was uploaded: texts, and what is known about them. What reads one and what checks one share this."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

ROW = "row"
"""The column of row numbers as the spreadsheet shows them: its first row is 1."""
MARKS: Mapping[str, pl.DataType] = {
    "row": pl.Int64(),
    "column": pl.Int64(),  # place of the column, from 0
    "mark": pl.String(),  # a code of the four below
    "detail": pl.String(),
}
ERROR = "error"
"""The cell holds an error of the spreadsheet, such as #DIV/0!, which is the detail."""
DIGITS_LOST = "digits_lost"
"""The cell is a number of more digits than a spreadsheet keeps."""
NUMBER = "number"
"""The cell is a number, whose decimals come after a point."""
FIELDS = "fields"
"""The row has more fields than the header: as many as the detail says."""

EXPLANATIONS: Mapping[str, str] = {"de": "Erklärung", "en": "Explanation"}
"""Names of the sheet of our own samples that says what the columns mean, by language: it is no table."""
ABOUT = ("Über diese Datei", "About this file")
"""Names of the sheet on which an export of a list says what it is."""
LEFT_OUT: Mapping[str, str] = {"de": "Weggelassen", "en": "Left out"}
"""Names of the sheet of an annotated file that has the rows which its user left out, by language."""
OWN_SHEETS = frozenset({*EXPLANATIONS.values(), *ABOUT, *LEFT_OUT.values()})
"""Sheets of our own files that are no tables."""
MAX_BYTES = 50 << 20
MAX_ROWS = 250_000
MAX_COLUMNS = 100
MAX_CHARACTERS = 1_000
"""Of one cell: longer ones are cut, and are refused where they count."""


class NotReadable(ValueError):
    """A file that is no table. `code` is one of `words.NOT_READABLE`, whose sentence takes the details."""

    def __init__(self, code: str, **details: Any) -> None:
        self.code = code
        self.details = details
        super().__init__(f"{code} {details}" if details else code)


@dataclass(frozen=True, slots=True)
class Sheet:
    """`names`: the header as it is written; `cells`: ROW and a text for every place in the header, `0`, `1`, …, without
    outer blanks, null where it is empty; `marks`: MARKS. `told`: how the file was understood (format, encoding,
    separator, sheet, other_sheets)."""

    names: Sequence[str]
    cells: pl.DataFrame
    marks: pl.DataFrame
    told: Mapping[str, str]


def cleaned(cells: pl.DataFrame) -> pl.DataFrame:
    """The rows in which something stands. `cells`: ROW, and texts as they were read, but for NUL characters."""
    texts = pl.exclude(ROW)
    cells = cells.with_columns(texts.str.strip_chars())
    if any((longest or 0) > MAX_CHARACTERS for longest in cells.select(texts.str.len_bytes().max()).row(0)):
        cells = cells.with_columns(texts.str.slice(0, MAX_CHARACTERS + 1))
    cells = cells.with_columns(
        pl.when(pl.col(name) != "").then(name).alias(name) for name in cells.columns if name != ROW
    )
    return cells.filter(~pl.all_horizontal(texts.is_null()))


def sheet_of(header: Sequence[str | None], cells: pl.DataFrame, **parts: Any) -> Sheet:
    """A sheet of `cells` that were `cleaned`. `parts`: what Sheet has beside."""
    names = [" ".join((name or "").split())[:MAX_CHARACTERS] for name in header]
    return Sheet(names, cells.select(ROW, pl.exclude(ROW)), **parts)
