"""CSV as spreadsheets write it: in the encodings and with the separators of their country."""

import codecs
import csv
import io
import re
from collections.abc import Iterator, Sequence
from itertools import islice

import polars as pl

from accredit.imports.sheets import FIELDS, MARKS, MAX_COLUMNS, MAX_ROWS, NotReadable, Sheet, sheet_of

SEPARATORS = (";", ",", "\t", "|")
_BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
csv.field_size_limit(2**31 - 1)  # the csv module's own limit says the same as a wrong quotation mark
MAX_FIELD = 100_000
_SAID = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)
"""What Excel takes for the separator, and does not show as a row."""


def read_text_table(content: bytes) -> Sheet:
    """Raises NotReadable."""
    encoding = _encoding(content)
    text = content.decode(encoding)
    said = _SAID.match(text)
    if said:
        text = text[said.end() :]
    rows = _rows(text, said[1] if said else _separator(text))
    found = next(((number, fields) for number, fields in rows if any(map(str.strip, fields))), None)
    if found is None:
        raise NotReadable("empty")
    first_row, header = found
    while header and not header[-1].strip():
        header.pop()
    if len(header) > MAX_COLUMNS:
        raise NotReadable("too_many_columns", most=MAX_COLUMNS)
    taken = list(islice(rows, MAX_ROWS + 1))
    if len(taken) > MAX_ROWS:
        raise NotReadable("too_many_rows", most=MAX_ROWS)
    width = len(header)
    too_long = [
        {"row": number, "column": width, "mark": FIELDS, "detail": str(len(fields))}
        for number, fields in taken
        if len(fields) > width and any(map(str.strip, fields[width:]))
    ]
    cells = [(fields + [""] * (width - len(fields)))[:width] for _number, fields in taken]
    columns: Sequence[Sequence[str]] = list(zip(*cells, strict=True)) or [()] * width
    return sheet_of(
        header,
        [pl.Series(column, dtype=pl.String) for column in columns],
        pl.Series([number for number, _fields in taken], dtype=pl.Int64),
        marks=pl.DataFrame(too_long, schema=dict(MARKS)),
        told={
            "format": "CSV",
            "encoding": {"utf-8-sig": "UTF-8", "utf-8": "UTF-8", "cp1252": "Windows-1252"}.get(encoding, "UTF-16"),
            "separator": said[1] if said else _separator(text),
            "first_row": str(first_row),
        },
    )


def _encoding(content: bytes) -> str:
    for mark, encoding in _BYTE_ORDER_MARKS.items():
        if content.startswith(mark):
            return _checked(content, encoding)
    if b"\0" in content[:1000]:
        # Text of our countries in UTF-16 has a zero in every other byte.
        zeros = [content[start:1000:2].count(0) for start in (0, 1)]
        half = min(len(content), 1000) // 2
        if max(zeros) < 0.8 * half or min(zeros) > 0.1 * half:
            raise NotReadable("not_text")
        return _checked(content, "utf-16-be" if zeros[0] > zeros[1] else "utf-16-le")
    if b"\0" in content:
        raise NotReadable("not_text")
    try:
        return _checked(content, "utf-8")
    except NotReadable:
        return _checked(content, "cp1252")


def _checked(content: bytes, encoding: str) -> str:
    try:
        content.decode(encoding)
    except UnicodeDecodeError as error:
        row = content[: error.start].count(b"\n") + 1
        raise NotReadable("encoding", row=row) from None
    return encoding


def _separator(text: str) -> str:
    """The one that splits the first row that is filled into the most fields."""
    line = next((line for line in io.StringIO(text) if line.strip()), "")
    outside = re.sub(r'"[^"]*"', "", line)
    return max(SEPARATORS, key=outside.count) if any(mark in outside for mark in SEPARATORS) else ","


def _rows(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Every row with its number: line breaks within quotation marks begin no new one."""
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    number = 0
    try:
        for number, fields in enumerate(rows, 1):
            if max(map(len, fields), default=0) > MAX_FIELD:
                raise NotReadable("field_too_long", row=number)
            yield number, fields
    except csv.Error:
        raise NotReadable("quotation_marks", row=number + 1) from None
