"""XLSX: the first sheet that is not hidden, as texts. What fastexcel does not say of a cell is looked up in the sheet's
own XML: errors, which it takes for empty, and numbers that were longer than a spreadsheet keeps them."""

import re
import zipfile
from collections.abc import Callable, Iterable, Mapping, Set
from functools import partial
from pathlib import Path, PurePosixPath
from xml.etree import ElementTree

import fastexcel
import polars as pl

from accredit.imports import sheet_xml
from accredit.imports.sheet_xml import NUMBER_TEXT, Looked
from accredit.imports.sheets import (
    DIGITS_LOST,
    ERROR,
    MARKS,
    MAX_COLUMNS,
    MAX_ROWS,
    NUMBER,
    OWN_SHEETS,
    ROW,
    NotReadable,
    Sheet,
    cleaned,
    sheet_of,
)

MAX_UNPACKED_BYTES = 400 << 20
SPREADSHEET_DIGITS = 15
"""A spreadsheet keeps and shows no more."""
AreNumbers = Callable[[Set[float]], Iterable[tuple[int, int]]]
"""Row and column of the cells that are numbers, and one of these values."""
_FILLED = rb"<(?:\w+:)?(?:v|t)(?: [^>]*)?>[^<]"
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


def read_spreadsheet(path: Path) -> Sheet:
    """Raises NotReadable, and ends with the process where the sheet asks for more memory than there may be."""
    with zipfile.ZipFile(path) as archive:
        if any(part.flag_bits & 1 for part in archive.infolist()):
            raise NotReadable("password")
        if sum(part.file_size for part in archive.infolist()) > MAX_UNPACKED_BYTES:
            raise NotReadable("too_large_unpacked", most=MAX_UNPACKED_BYTES >> 20)
        shown, part, others = _shown_sheet(archive)
        if more := [name for name, other in others.items() if re.search(_FILLED, archive.read(other))]:
            raise NotReadable("several_sheets", names=", ".join([shown, *more]))
    with sheet_xml.looking_into(path, part) as looked:
        sheet = fastexcel.read_excel(path).load_sheet(
            shown, header_row=None, skip_rows=0, n_rows=MAX_ROWS + 100, dtypes="string"
        )
        frame, xml = sheet.to_polars(), looked()
    if frame.is_empty():
        raise NotReadable("empty")
    if frame.width > MAX_COLUMNS:
        raise NotReadable("too_many_columns", most=MAX_COLUMNS)
    frame = frame.rename({name: str(place) for place, name in enumerate(frame.columns)})
    if any(frame.select(pl.all().str.contains("\0", literal=True).any()).row(0)):
        frame = frame.with_columns(pl.all().str.replace_all("\0", "\N{REPLACEMENT CHARACTER}", literal=True))
    frame = frame.with_columns(pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias(ROW))
    frame, marks = _as_shown(frame, xml, partial(sheet_xml.numbers, path, part, xml.first))
    frame = cleaned(frame)
    if frame.is_empty():
        raise NotReadable("empty")
    if frame.height > MAX_ROWS + 1:
        raise NotReadable("too_many_rows", most=MAX_ROWS)
    first_row, header = frame[ROW][0], frame.drop(ROW).row(0)
    if merged := next((cells for cells, first, last in xml.merged if first <= first_row <= last), None):
        raise NotReadable("merged_headings", row=first_row, cells=merged)
    told = {"format": "XLSX", "sheet": shown, "other_sheets": str(len(others)), "first_row": str(first_row)}
    return sheet_of(header, frame.slice(1), marks=marks.filter(pl.col(ROW) > first_row), told=told)


def _shown_sheet(archive: zipfile.ZipFile) -> tuple[str, str, Mapping[str, str]]:
    """The first sheet that is not hidden: its name and the part of the archive that it is; and the same of the others
    that are not, but for what our own files say beside their table."""
    try:
        book, relations = (_parsed(archive, part) for part in ("xl/workbook.xml", "xl/_rels/workbook.xml.rels"))
    except (KeyError, ElementTree.ParseError):
        raise NotReadable("damaged") from None
    targets = {one.get("Id"): one.get("Target", "") for one in relations}
    parts: dict[str, str] = {}
    for one in book.iter():
        target = targets.get(one.get(_RELATION), "")
        if one.tag.endswith("}sheet") and one.get("state", "visible") == "visible" and "worksheets/" in target:
            part = target.lstrip("/") if target.startswith("/") else str(PurePosixPath("xl") / target)
            parts[one.get("name", "")] = part
    tables = {name: part for name, part in parts.items() if name not in OWN_SHEETS} or parts
    if not tables:
        raise NotReadable("empty")
    name = next(iter(tables))
    return name, tables.pop(name), tables


def _parsed(archive: zipfile.ZipFile, part: str) -> ElementTree.Element:
    parser = ElementTree.XMLParser(target=_WithoutDoctype())  # noqa: S314 - a confined process reads it
    return ElementTree.fromstring(archive.read(part), parser)  # noqa: S314


class _WithoutDoctype(ElementTree.TreeBuilder):
    """No spreadsheet has a document type; its entities could name other files, or unfold to gigabytes."""

    def doctype(self, *_declared: str | None) -> None:
        raise NotReadable("damaged")


def _as_shown(frame: pl.DataFrame, xml: Looked, are_numbers: AreNumbers) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The sheet with its numbers as a spreadsheet shows them, and the marks of its cells (MARKS)."""
    errors = [(row, column, ERROR, text) for row, column, text in xml.errors]
    marks = [pl.DataFrame(errors, schema=dict(MARKS), orient="row")]
    for place, texts in _numbers(frame, xml, are_numbers).items():
        fractions = texts.filter(pl.col("text").str.contains(r"[.eE]"))
        marks.append(fractions.select("row", column=pl.lit(place), mark=pl.lit(NUMBER), detail="text"))
        long = texts.filter(pl.col("text").str.len_chars() > SPREADSHEET_DIGITS)
        shown = pl.Series([f"{float(text):.{SPREADSHEET_DIGITS}g}" for text in long["text"]], dtype=pl.String)
        long = long.with_columns(shown=shown, is_lost=shown.str.contains("e", literal=True))
        lost = long.filter("is_lost").select("row", column=pl.lit(place), mark=pl.lit(DIGITS_LOST), detail="text")
        marks.append(lost)
        short = long.filter(~pl.col("is_lost")).select("row", "shown")
        if len(short):
            frame = frame.join(short, on="row", how="left", maintain_order="left")
            frame = frame.with_columns(pl.coalesce("shown", str(place)).alias(str(place))).drop("shown")
    return frame, pl.concat([part.select(*MARKS).cast(dict(MARKS)) for part in marks])  # type: ignore[arg-type]


def _numbers(frame: pl.DataFrame, xml: Looked, are_numbers: AreNumbers) -> Mapping[int, pl.DataFrame]:
    """Column → `row` and `text` of its cells that are numbers with decimals or many digits. A text that looks like one
    is none; only where both are there, the sheet itself tells them apart."""
    like_numbers: dict[int, pl.DataFrame] = {}
    for place in range(frame.width - 1):
        text = pl.col("text")
        cells = frame.select(ROW, text=str(place)).filter(text.str.contains(f"^{NUMBER_TEXT}$"))
        cells = cells.filter(text.str.contains(r"[.eE]") | (text.str.len_bytes() > SPREADSHEET_DIGITS))
        if len(cells):
            like_numbers[place] = cells
    also_texts = pl.Series(xml.texts, dtype=pl.String).implode()
    open_ = {place: cells.filter(pl.col("text").is_in(also_texts)) for place, cells in like_numbers.items()}
    values = {float(text) for cells in open_.values() for text in cells["text"]}
    found = list(are_numbers(values)) if values else []
    are = pl.DataFrame(found, schema={"row": pl.Int64, "column": pl.Int64}, orient="row")
    for place, cells in open_.items():
        rows = are.filter(pl.col("column") == place)["row"]
        others = cells.filter(~pl.col("row").is_in(rows.implode()))
        like_numbers[place] = like_numbers[place].join(others, on="row", how="anti", maintain_order="left")
    return like_numbers
