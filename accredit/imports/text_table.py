"""CSV as spreadsheets write it: in the encodings and with the separators of their country."""

import codecs
import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice

import polars as pl

from accredit.files.formulas import as_it_was
from accredit.imports.sheets import FIELDS, MARKS, MAX_COLUMNS, MAX_ROWS, ROW, NotReadable, Sheet, cleaned, sheet_of

SEPARATORS = (";", ",", "\t", "|")
_BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
csv.field_size_limit(2**31 - 1)  # the csv module's own limit says the same as a wrong quotation mark
MAX_FIELD = 100_000
_FILLED_LINE = re.compile(r"[^\n]*\S[^\n]*")
_SAID = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)
"""What Excel takes for the separator, and does not show as a row."""


def read_text_table(content: bytes, *, most: int = MAX_ROWS) -> Sheet:
    """Raises NotReadable. `most`: how many rows it may have."""
    encoding, text = _decoded(content)
    said = _SAID.match(text)
    if said:
        text = text[said.end() :]
    text = text.replace("\0", "\N{REPLACEMENT CHARACTER}")
    separator = said[1] if said else _separator(text)
    told = {
        "format": "CSV",
        "encoding": {"utf-8-sig": "UTF-8", "utf-8": "UTF-8", "cp1252": "Windows-1252"}.get(encoding, "UTF-16"),
        "separator": separator,
    }
    sheet = _plain(text, separator, most, told) or _quoted(text, separator, most, told)
    # Our own files have a mark before what a spreadsheet would take for a formula.
    return replace(sheet, cells=sheet.cells.with_columns(as_it_was(pl.exclude(ROW)))) if "'" in text else sheet


def _plain(text: str, separator: str, most: int, told: Mapping[str, str]) -> Sheet | None:
    """A table in which each line is a row of as many fields as the first one has: many times as quick to read. None
    where it is not so plain."""
    text = text.removesuffix("\n").removesuffix("\r")
    if '"' in text or ("\r" in text and text.count("\r") > text.count("\r\n")):
        return None
    lines = text.count("\n")
    header, _, body = text.partition("\n")
    names = header.rstrip("\r").split(separator)
    if not names[-1].strip() or lines > most or len(names) > MAX_COLUMNS or lines == 0:
        return None
    schema = {str(place): pl.String() for place in range(len(names))}
    try:
        cells = pl.read_csv(body.encode(), has_header=False, schema=schema, separator=separator, quote_char=None)
    except pl.exceptions.PolarsError:  # a line has more fields
        return None
    if len(cells) != lines or cells.select(pl.any_horizontal(pl.all().str.len_bytes() > MAX_FIELD).any()).item():
        return None
    cells = cells.with_columns(pl.int_range(2, lines + 2, eager=True, dtype=pl.Int64).alias(ROW))
    marks = pl.DataFrame(schema=dict(MARKS))
    return sheet_of(names, cleaned(cells), marks=marks, told={**told, "first_row": "1"})


def _quoted(text: str, separator: str, most: int, told: Mapping[str, str]) -> Sheet:
    """Every other table. Raises NotReadable."""
    rows = _rows(text, separator)
    found = next(((number, fields) for number, fields in rows if any(map(str.strip, fields))), None)
    if found is None:
        raise NotReadable("empty")
    first_row, header = found
    while header and not header[-1].strip():
        header.pop()
    if len(header) > MAX_COLUMNS:
        raise NotReadable("too_many_columns", most=MAX_COLUMNS)
    taken = list(islice(rows, most + 1))
    if len(taken) > most:
        raise NotReadable("too_many_rows", most=most)
    width = len(header)
    too_long = [
        {"row": number, "column": width, "mark": FIELDS, "detail": str(len(fields))}
        for number, fields in taken
        if len(fields) > width and any(map(str.strip, fields[width:]))
    ]
    cells = [(number, *(fields + [""] * (width - len(fields)))[:width]) for number, fields in taken]
    schema = {ROW: pl.Int64(), **{str(place): pl.String() for place in range(width)}}
    return sheet_of(
        header,
        cleaned(pl.DataFrame(cells, schema=schema, orient="row")),
        marks=pl.DataFrame(too_long, schema=dict(MARKS)),
        told={**told, "first_row": str(first_row)},
    )


def _decoded(content: bytes) -> tuple[str, str]:
    """The encoding, and the text."""
    for mark, encoding in _BYTE_ORDER_MARKS.items():
        if content.startswith(mark):
            return _in(content, encoding)
    if b"\0" in content[:1000]:
        # Text of our countries in UTF-16 has a zero in every other byte.
        zeros = [content[start:1000:2].count(0) for start in (0, 1)]
        half = min(len(content), 1000) // 2
        if max(zeros) < 0.8 * half or min(zeros) > 0.1 * half:
            raise NotReadable("not_text")
        return _in(content, "utf-16-be" if zeros[0] > zeros[1] else "utf-16-le")
    if b"\0" in content:
        raise NotReadable("not_text")
    try:
        return _in(content, "utf-8")
    except NotReadable:
        return _in(content, "cp1252")


def _in(content: bytes, encoding: str) -> tuple[str, str]:
    try:
        return encoding, content.decode(encoding)
    except UnicodeDecodeError as error:
        row = content[: error.start].count(b"\n") + 1
        raise NotReadable("encoding", row=row) from None


def _separator(text: str) -> str:
    """The one that splits the first row that is filled into the most fields."""
    found = _FILLED_LINE.search(text)
    line = found[0] if found else ""
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
