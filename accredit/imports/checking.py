"""Everything that is wrong with an uploaded table: its columns first, then every cell, column by column and never row
by row. The same function checks a whole file, and the few rows that a correction concerns."""

import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import polars as pl

from accredit.database import json_text
from accredit.engine.frames import TEXT
from accredit.imports import sheets
from accredit.imports.cells import read_cells, too_fine, written_in
from accredit.imports.declaring import AS_READ, FAULTS, FOUND, TOGETHER, TYPES, Check, Column, Format, Kind, Table
from accredit.imports.headings import find_columns
from accredit.imports.sheets import ROW, Sheet

Read = TypeVar("Read")
WHOLE_ROW = ""
"""Instead of a column, where a fault is of no single one."""
OF_CELL: Mapping[str, pl.DataType] = {"row": pl.Int64(), "column": TEXT, "mark": TEXT, "detail": TEXT}
"""Marks of cells (`sheets.MARKS`) by the names of declared columns; WHOLE_ROW: of the row."""
_MANY_ROWS = 1_000
_HEADER_ROWS = 20
"""So far down headings are looked for that should be in the first row."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why no cell of a file is looked at. `code`: of `words.PROBLEMS`; `details` as JSON can hold them."""

    code: str
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Checked:
    """`values`: ROW and every declared column; `faults`: FAULTS; `together`: what rows have in common
    (TOGETHER); `written`: column → how its amounts or days are written."""

    values: pl.DataFrame
    faults: pl.DataFrame
    together: pl.DataFrame
    written: Mapping[str, str]


def problems_of(table: Table, sheet: Sheet) -> Sequence[Problem]:
    """What is wrong with the columns of a table; then none of its cells is looked at."""
    found = find_columns(sheet.names, table.columns)
    there = found.places.keys()
    problems = [Problem("column_twice", {"names": list(names)}) for names in found.twice.values()]
    lacking = [one.name for one in table.columns if one.required is True and one.name not in there]
    problems += [Problem("column_missing", {"column": name, "names": list(sheet.names)}) for name in lacking]
    groups = [group for group in table.any_of if not there & set(group.columns)]
    problems += [Problem(one.lacking, {"columns": list(one.columns), "names": list(sheet.names)}) for one in groups]
    if (lacking or groups) and (row := _headings_below(table, sheet, len(there))):
        problems.insert(0, Problem("headings_below", {"row": row}))
    if not problems and sheet.cells.is_empty():
        problems.append(Problem("no_rows"))
    return problems


def _headings_below(table: Table, sheet: Sheet, found: int) -> int | None:
    """The row further down that names more of the columns."""
    for row, *texts in sheet.cells.head(_HEADER_ROWS).iter_rows():
        there = len(find_columns([text or "" for text in texts], table.columns).places)
        if there > found and there >= min(2, len(texts)):
            return int(row)
    return None


def texts_of(table: Table, sheet: Sheet) -> tuple[pl.DataFrame, pl.DataFrame]:
    """ROW and a text for every declared column, null where it is left out; and the marks, as OF_CELL."""
    places = find_columns(sheet.names, table.columns).places
    texts = sheet.cells.select(
        ROW,
        *(
            (pl.col(str(places[one.name])) if one.name in places else pl.lit(None, TEXT)).alias(one.name)
            for one in table.columns
        ),
    )
    names = {place: name for name, place in places.items()}
    column = (
        pl.when(pl.col("mark") == sheets.FIELDS)
        .then(pl.lit(WHOLE_ROW))
        .otherwise(pl.col("column").replace_strict(names, default=None, return_dtype=TEXT))
    )
    marks = sheet.marks.with_columns(column=column).drop_nulls("column").select(*OF_CELL)
    return texts, marks


def written(table: Table, texts: pl.DataFrame, marks: pl.DataFrame, said: Format) -> Mapping[str, str]:
    """Column → how its amounts or days are written."""

    def way(one: Column) -> str | None:
        return written_in(one, texts[one.name], _numbers(texts, marks, one), said)

    found = zip(table.columns, _at_once(way, table.columns, len(texts)), strict=True)
    return {one.name: str(way) for one, way in found if way is not None}


def check_sheet(table: Table, sheet: Sheet, said: Format = AS_READ) -> Checked:
    """Everything that is wrong with a table without `problems_of`."""
    texts, marks = texts_of(table, sheet)
    return check(table, texts, marks, written(table, texts, marks, said), said)


def check(
    table: Table, texts: pl.DataFrame, marks: pl.DataFrame, ways: Mapping[str, str], said: Format = AS_READ
) -> Checked:
    """What is wrong with rows (`texts_of`), whose columns are `written` in certain ways."""
    values, own = _read(table, texts, marks, ways, said)
    own = own.unique(["row", "column"], keep="first", maintain_order=True)
    parts = [*_lacking(table, texts, values), *_ruled(table, values), *(one(values) for one in table.checks)]
    further = pl.concat([part.select(*FOUND) for part in parts]) if parts else pl.DataFrame(schema=dict(FOUND))
    wrong = own.filter(pl.col("column") != WHOLE_ROW).select("row", "column")
    further = further.join(wrong, on=["row", "column"], how="anti").unique(
        ["row", "column", "code"], maintain_order=True
    )
    order = {WHOLE_ROW: -1, **{one.name: place for place, one in enumerate(table.columns)}}
    place = pl.col("column").replace_strict(order, return_dtype=pl.Int64)
    faults = _with_values(pl.concat([own, further]).sort("row", place, maintain_order=True), texts)
    return Checked(values, faults, together_of(table, values), ways)


def found(
    values: pl.DataFrame, column: str, code: str, wrong: pl.Expr, details: Mapping[str, pl.Expr] | None = None
) -> pl.DataFrame:
    """FOUND of the rows where `wrong` is true: what a Check answers. `details`: texts."""
    rows = values.filter(wrong)
    if rows.is_empty():
        return pl.DataFrame(schema=dict(FOUND))
    json = json_text.object_of({name: json_text.text(text) for name, text in details.items()}) if details else None
    return rows.select(
        ROW, column=pl.lit(column), code=pl.lit(code), details=pl.lit(None, TEXT) if json is None else json
    )


def unique(code: str, *columns: str, marked: str | None = None) -> Check:
    """A check that no two rows have the same values in all of these columns; the cell of `marked`, or of the last one,
    is at fault, with the first rows as the detail `rows`. `Table.together` must cover them."""

    def twice(values: pl.DataFrame) -> pl.DataFrame:
        rows = pl.col(ROW).cast(pl.String)
        keys = values.select(ROW, *columns).drop_nulls()
        several = keys.filter(
            pl.struct(columns).is_duplicated() if len(columns) > 1 else pl.col(columns[0]).is_duplicated()
        )
        same = several.group_by(columns).agg(shown=rows.sort_by(ROW).head(5).str.join(", "))
        named = several.join(same, on=list(columns), how="inner", maintain_order="left")
        return found(named, marked or columns[-1], code, pl.lit(True), {"rows": pl.col("shown")})

    return twice


def values_of(
    table: Table, texts: pl.DataFrame, marks: pl.DataFrame, ways: Mapping[str, str], said: Format = AS_READ
) -> pl.DataFrame:
    """ROW and the value of every declared column, null where a cell is empty or wrong by itself."""
    return _read(table, texts, marks, ways, said)[0]


def together_now(
    table: Table, texts: pl.DataFrame, marks: pl.DataFrame, ways: Mapping[str, str], said: Format = AS_READ
) -> pl.DataFrame:
    """`together_of` of rows whose other columns are not looked at."""
    names = () if table.together is None else table.together.columns
    few = replace(table, columns=[one for one in table.columns if one.name in names])
    return together_of(table, values_of(few, texts, marks, ways, said))


def together_of(table: Table, values: pl.DataFrame) -> pl.DataFrame:
    """TOGETHER: what rows have in common that are checked together."""
    if table.together is None:
        return pl.DataFrame({name: [None] * len(values) for name in TOGETHER}, schema=dict(TOGETHER))
    return table.together.texts(values).select(*TOGETHER)


def _read(
    table: Table, texts: pl.DataFrame, marks: pl.DataFrame, ways: Mapping[str, str], said: Format
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The values, and what is wrong with cells by themselves."""
    parts = [_marked(marks)]
    unreadable = parts[0].filter(pl.col("column") != WHOLE_ROW)

    def read(one: Column) -> tuple[pl.Series, pl.DataFrame]:
        if texts[one.name].null_count() == len(texts):
            nothing = pl.Series(one.name, dtype=TYPES[one.kind]).clear(len(texts))
            return nothing, pl.DataFrame(schema=dict(FOUND))
        cells = read_cells(table, one, texts[one.name], _numbers(texts, marks, one), ways.get(one.name), said)
        named = pl.DataFrame({ROW: texts[ROW], "text": texts[one.name], "code": cells.codes}).drop_nulls("code")
        said_of = {text: json.dumps(one, ensure_ascii=False) for text, one in cells.details.items()}
        known = pl.col("text").replace_strict(said_of, default=None, return_dtype=TEXT)
        details = known if said_of else pl.lit(None, TEXT)
        lost = unreadable.filter(pl.col("column") == one.name)
        column = cells.values if lost.is_empty() else _without(cells.values, texts[ROW].is_in(lost[ROW].implode()))
        return column.alias(one.name), named.select(ROW, "code", column=pl.lit(one.name), details=details)

    columns = _at_once(read, table.columns, len(texts))
    parts += [wrong for _values, wrong in columns]
    values = pl.DataFrame([texts[ROW], *(column for column, _wrong in columns)])
    for one in table.columns:
        if one.kind is Kind.AMOUNT and values[one.name].null_count() < len(values):
            codes = too_fine(table, values, one.name)
            named = pl.DataFrame({ROW: texts[ROW], "code": codes}).drop_nulls("code")
            parts.append(named.select(ROW, "code", column=pl.lit(one.name), details=pl.lit(None, TEXT)))
            values = values.with_columns(_without(values[one.name], codes.is_not_null()).alias(one.name))
    return values, pl.concat([part.select(*FOUND) for part in parts])


def _at_once(read: Callable[[Column], Read], columns: Sequence[Column], rows: int) -> Sequence[Read]:
    """What is read of each column; those of many rows share the cores."""
    if rows < _MANY_ROWS:
        return list(map(read, columns))
    with ThreadPoolExecutor(pl.thread_pool_size()) as pool:
        return list(pool.map(read, columns))


def _marked(marks: pl.DataFrame) -> pl.DataFrame:
    """What reading the file saw of cells."""
    codes = {sheets.ERROR: "cell_error", sheets.DIGITS_LOST: "digits_lost", sheets.FIELDS: "too_many_cells"}
    code = pl.col("mark").replace_strict(codes, default=None, return_dtype=TEXT)
    details = json_text.object_of({"seen": json_text.text(pl.col("detail"))})
    return marks.with_columns(code=code, details=details).drop_nulls("code").select(*FOUND)


def _lacking(table: Table, texts: pl.DataFrame, values: pl.DataFrame) -> Sequence[pl.DataFrame]:
    """Cells that are empty and must not be."""
    nulls = texts.select(ROW, pl.exclude(ROW).is_null())
    parts = []
    for one in table.columns:
        if one.required is False:
            continue
        needed = pl.Series([True]) if one.required is True else values.select(one.required).to_series()
        wrong = nulls.select(ROW, wrong=pl.col(one.name) & pl.lit(needed))
        parts.append(found(wrong, one.name, "required", pl.col("wrong")))
    for group in table.any_of:
        details = {"columns": pl.lit(" ".join(group.columns))}
        empty = found(nulls, group.columns[0], group.empty, pl.all_horizontal(*group.columns), details)
        # Where one of them is needed by itself, that is all that is told.
        told = [part.filter(pl.col("column").is_in(group.columns)).select(ROW) for part in parts]
        parts.append(empty.join(pl.concat(told), on=ROW, how="anti", maintain_order="left") if told else empty)
    return parts


def _ruled(table: Table, values: pl.DataFrame) -> Sequence[pl.DataFrame]:
    return [found(values, rule.column, rule.code, rule.wrong, rule.details) for rule in table.rules]


def _with_values(faults: pl.DataFrame, texts: pl.DataFrame) -> pl.DataFrame:
    """Faults with what stands in their cells."""
    parts = [
        of_column.join(texts.select(ROW, value=name), on=ROW, how="left", maintain_order="left")
        if (name := str(key[0])) != WHOLE_ROW
        else of_column.with_columns(value=pl.lit(None, TEXT))
        for key, of_column in faults.with_row_index("order").group_by("column")
    ]
    return pl.concat(parts).sort("order").select(*FAULTS) if parts else pl.DataFrame(schema=dict(FAULTS))


def _numbers(texts: pl.DataFrame, marks: pl.DataFrame, column: Column) -> pl.Series:
    """Which cells of a column of amounts a spreadsheet holds as numbers."""
    is_one = (pl.col("mark") == sheets.NUMBER) & (pl.col("column") == column.name)
    rows = marks.filter(is_one)[ROW] if column.kind is Kind.AMOUNT else marks[ROW].clear()
    return texts[ROW].is_in(rows.implode())


def _without(values: pl.Series, rows: pl.Series) -> pl.Series:
    frame = pl.DataFrame({"value": values, "gone": rows})
    return frame.select(pl.when(~pl.col("gone")).then("value")).to_series()
