"""XLSX: the first sheet that is not hidden, as texts. What fastexcel does not say of a cell is looked up in the sheet's
own XML: errors, which it takes for empty, and numbers that were longer than a spreadsheet keeps them."""

import re
import zipfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from xml.etree import ElementTree

import fastexcel
import polars as pl

from accredit.imports.sheet_xml import NUMBER_TEXT, SheetXml
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
    with ThreadPoolExecutor(1) as beside:  # the reader leaves the other core free
        looked_into = beside.submit(_xml_of, path, part)
        sheet = fastexcel.read_excel(path).load_sheet(
            shown, header_row=None, skip_rows=0, n_rows=MAX_ROWS + 100, dtypes="string"
        )
        frame, xml = sheet.to_polars(), looked_into.result()
    if frame.is_empty():
        raise NotReadable("empty")
    if frame.width > MAX_COLUMNS:
        raise NotReadable("too_many_columns", most=MAX_COLUMNS)
    frame = frame.rename({name: str(place) for place, name in enumerate(frame.columns)})
    rows = pl.int_range(1, frame.height + 1, eager=True, dtype=pl.Int64).alias("row")
    frame, marks = _as_shown(frame.with_columns(rows), xml)
    filled = frame.filter(~pl.all_horizontal(pl.exclude("row").str.strip_chars().fill_null("") == ""))
    if filled.is_empty():
        raise NotReadable("empty")
    if filled.height > MAX_ROWS + 1:
        raise NotReadable("too_many_rows", most=MAX_ROWS)
    header, body = filled.drop("row").row(0), filled.slice(1)
    first_row = filled["row"][0]
    if merged := next((cells for cells, first, last in xml.merged() if first <= first_row <= last), None):
        raise NotReadable("merged_headings", row=first_row, cells=merged)
    told = {"format": "XLSX", "sheet": shown, "other_sheets": str(len(others)), "first_row": str(first_row)}
    return sheet_of(
        header,
        body.drop("row").get_columns(),
        body["row"],
        marks=marks.filter(pl.col("row") > first_row),
        told=told,
    )


def _xml_of(path: Path, part: str) -> SheetXml:
    with zipfile.ZipFile(path) as archive:
        return SheetXml.of(archive, part)


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


def _as_shown(frame: pl.DataFrame, xml: SheetXml) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The sheet with its numbers as a spreadsheet shows them, and the marks of its cells (MARKS)."""
    errors = list(xml.errors())
    first = xml.first_column() if errors else 0
    rows = [(row, column - first, ERROR, text) for row, column, text in errors]
    marks = [pl.DataFrame(rows, schema=dict(MARKS), orient="row")]
    numbers = _numbers(frame, xml)
    for place, texts in numbers.items():
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


def _numbers(frame: pl.DataFrame, xml: SheetXml) -> Mapping[int, pl.DataFrame]:
    """Column → `row` and `text` of its cells that are numbers with decimals or many digits. A text that looks like one
    is none; only where both are there, the sheet itself tells them apart."""
    like_numbers: dict[int, pl.DataFrame] = {}
    for place in range(frame.width - 1):
        text = pl.col(str(place))
        counts = text.str.contains(r"[.eE]") | (text.str.len_chars() > SPREADSHEET_DIGITS)
        cells = frame.filter(counts & text.str.contains(f"^{NUMBER_TEXT}$")).select("row", text.alias("text"))
        if len(cells):
            like_numbers[place] = cells
    texts = pl.Series(sorted(xml.texts), dtype=pl.String)
    open_ = {place: cells.filter(pl.col("text").is_in(texts.implode())) for place, cells in like_numbers.items()}
    values = {float(text) for cells in open_.values() for text in cells["text"]}
    first = xml.first_column() if values else 0
    found = [(row, column - first) for row, column in xml.numbers(values)] if values else []
    are = pl.DataFrame(found, schema={"row": pl.Int64, "column": pl.Int64}, orient="row")
    for place, cells in open_.items():
        rows = are.filter(pl.col("column") == place)["row"]
        others = cells.filter(~pl.col("row").is_in(rows.implode()))
        like_numbers[place] = like_numbers[place].join(others, on="row", how="anti", maintain_order="left")
    return like_numbers
