"""XLSX: the first sheet that is not hidden, as texts. What fastexcel does not say of a cell is looked up in the sheet's
own XML: errors, which it takes for empty, and numbers that were longer than a spreadsheet keeps them."""

import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from xml.etree import ElementTree

import fastexcel
import polars as pl

from accredit.imports.sheets import (
    DIGITS_LOST,
    ERROR,
    EXPLANATIONS,
    MARKS,
    MAX_COLUMNS,
    MAX_ROWS,
    NUMBER,
    NotReadable,
    Sheet,
    sheet_of,
)

MAX_UNPACKED_BYTES = 400 << 20
SPREADSHEET_DIGITS = 15
"""A spreadsheet keeps and shows no more."""
_CELL = r"<(?:\w+:)?c ([^>]*[^/>])>(?:<(?:\w+:)?f[^>]*>[^<]*</(?:\w+:)?f>|<(?:\w+:)?f[^>]*/>)?<(?:\w+:)?v>([^<]*)<"
_FILLED = rb"<(?:\w+:)?(?:v|t)(?: [^>]*)?>[^<]"
_MERGED = r'<(?:\w+:)?mergeCell ref="([A-Z]+)([0-9]+):([A-Z]+)([0-9]+)"'
_NUMBER_TEXT = r"^-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$"
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


def read_spreadsheet(path: Path) -> Sheet:
    """Raises NotReadable, and ends with the process where the sheet asks for more memory than there may be."""
    with zipfile.ZipFile(path) as archive:
        if any(part.flag_bits & 1 for part in archive.infolist()):
            raise NotReadable("password")
        if sum(part.file_size for part in archive.infolist()) > MAX_UNPACKED_BYTES:
            raise NotReadable("too_large_unpacked", most=MAX_UNPACKED_BYTES >> 20)
        shown, part, others = _shown_sheet(archive)
        xml = archive.read(part).decode("utf-8", errors="replace")
        if more := [name for name, other in others.items() if re.search(_FILLED, archive.read(other))]:
            raise NotReadable("several_sheets", names=", ".join([shown, *more]))
    sheet = fastexcel.read_excel(path).load_sheet(
        shown, header_row=None, skip_rows=0, n_rows=MAX_ROWS + 100, dtypes="string"
    )
    frame = sheet.to_polars()
    if frame.is_empty():
        raise NotReadable("empty")
    if frame.width > MAX_COLUMNS:
        raise NotReadable("too_many_columns", most=MAX_COLUMNS)
    frame = frame.rename({name: str(place) for place, name in enumerate(frame.columns)})
    rows = pl.int_range(1, frame.height + 1, eager=True, dtype=pl.Int64).alias("row")
    cells = _marked(xml)
    frame, marks = _as_shown(frame.with_columns(rows), cells)
    filled = frame.filter(~pl.all_horizontal(pl.exclude("row").str.strip_chars().fill_null("") == ""))
    if filled.is_empty():
        raise NotReadable("empty")
    if filled.height > MAX_ROWS + 1:
        raise NotReadable("too_many_rows", most=MAX_ROWS)
    header, body = filled.drop("row").row(0), filled.slice(1)
    first_row = filled["row"][0]
    if merged := next((cells for cells, first, last in _merged(xml) if first <= first_row <= last), None):
        raise NotReadable("merged_headings", row=first_row, cells=merged)
    told = {"format": "XLSX", "sheet": shown, "other_sheets": str(len(others)), "first_row": str(first_row)}
    return sheet_of(
        header,
        body.drop("row").get_columns(),
        body["row"],
        marks=marks.filter(pl.col("row") > first_row),
        told=told,
    )


def _merged(xml: str) -> Iterator[tuple[str, int, int]]:
    """Cells that are merged, such as `C1:F1`, with their first and last row."""
    for first, first_row, last, last_row in re.findall(_MERGED, xml):
        yield f"{first}{first_row}:{last}{last_row}", int(first_row), int(last_row)


def _shown_sheet(archive: zipfile.ZipFile) -> tuple[str, str, Mapping[str, str]]:
    """The first sheet that is not hidden: its name and the part of the archive that it is; and the same of the others
    that are not, but for the explanations of our own samples."""
    try:
        book = ElementTree.fromstring(archive.read("xl/workbook.xml"))  # noqa: S314 - a confined process reads it
        relations = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))  # noqa: S314
    except (KeyError, ElementTree.ParseError):
        raise NotReadable("damaged") from None
    targets = {one.get("Id"): one.get("Target", "") for one in relations}
    parts: dict[str, str] = {}
    for one in book.iter():
        target = targets.get(one.get(_RELATION), "")
        if one.tag.endswith("}sheet") and one.get("state", "visible") == "visible" and "worksheets/" in target:
            part = target.lstrip("/") if target.startswith("/") else str(PurePosixPath("xl") / target)
            parts[one.get("name", "")] = part
    tables = {name: part for name, part in parts.items() if name not in EXPLANATIONS.values()} or parts
    if not tables:
        raise NotReadable("empty")
    name = next(iter(tables))
    return name, tables.pop(name), tables


def _marked(xml: str) -> pl.DataFrame:
    """Every cell that has a value: row, column (A is 0), whether it is an error or a number, and the value."""
    found = pl.DataFrame({"xml": [xml]}).select(pl.col("xml").str.extract_all(_CELL).explode().drop_nulls())
    attributes = pl.col("xml").str.extract(_CELL, 1)
    place = attributes.str.extract(r'\br="([A-Z]{1,3}[0-9]+)"')
    letters = place.str.extract("^([A-Z]+)")
    column = pl.lit(0, pl.Int64)
    for at in range(3):
        letter = letters.str.slice(at, 1)
        digit = pl.when(letter != "").then(letter.replace_strict(_LETTERS, default=0, return_dtype=pl.Int64))
        column = pl.when(digit.is_not_null()).then(column * 26 + digit).otherwise(column)
    kind = attributes.str.extract(r'\bt="(\w+)"').fill_null("n")
    return found.select(
        row=place.str.extract("([0-9]+)$").cast(pl.Int64),
        column=column - 1,
        kind=kind,
        value=pl.col("xml").str.extract(_CELL, 2),
    ).drop_nulls()


_LETTERS = {chr(ord("A") + place): place + 1 for place in range(26)}


def _as_shown(frame: pl.DataFrame, cells: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The sheet with its numbers as a spreadsheet shows them, and the marks of its cells (MARKS)."""
    first = cells.select(pl.col("column").min()).item() or 0
    cells = cells.with_columns(pl.col("column") - first).filter(pl.col("column") < frame.width - 1)
    errors = cells.filter(pl.col("kind") == "e").select("row", "column", mark=pl.lit(ERROR), detail="value")
    long = cells.filter((pl.col("kind") == "n") & (pl.col("value").str.len_chars() > SPREADSHEET_DIGITS))
    fractions = cells.filter((pl.col("kind") == "n") & pl.col("value").str.contains(r"[.eE]"))
    numbers = fractions.select("row", "column", mark=pl.lit(NUMBER), detail="value")
    lost = []
    for place, of_column in long.group_by("column"):
        name = str(place[0])
        shown = pl.DataFrame(
            [(row, f"{float(value):.{SPREADSHEET_DIGITS}g}") for row, value in of_column.select("row", "value").rows()],
            schema={"row": pl.Int64, "shown": pl.String},
            orient="row",
        )
        frame = frame.join(shown, on="row", how="left", maintain_order="left")
        is_number = frame[name].str.contains(_NUMBER_TEXT).fill_null(False)  # not a date, which is kept as one
        too_long = is_number & frame["shown"].str.contains("e", literal=True).fill_null(False)
        lost += [(row, place[0], DIGITS_LOST, text) for row, text in frame.filter(too_long).select("row", name).rows()]
        frame = frame.with_columns(
            pl.when(is_number & ~too_long).then(pl.coalesce("shown", name)).otherwise(name).alias(name)
        ).drop("shown")
    marks = pl.concat([errors, numbers, pl.DataFrame(lost, schema=dict(MARKS), orient="row")])
    return frame, marks.select(*MARKS)
