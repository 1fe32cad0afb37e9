"""The rows of an upload a page at a time, as a grid shows them: read by SQL, however many there are."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl
from django.db import connection
from django.db.models import Func
from psycopg import sql

from accredit.imports import rows
from accredit.imports.checking import Checked, check, values_of
from accredit.imports.declaring import Table
from accredit.imports.models import LEFT_OUT, Upload

PAGE_ROWS = 100


@dataclass(frozen=True, slots=True)
class View:
    """Which rows of an upload. `faulty`: those with faults, or those without. `column`, and `code` with it: those with
    such a fault. `undone`: those that nothing became of yet, nor is left out. `left_out`: those that are."""

    faulty: bool | None = None
    column: str | None = None
    code: str | None = None
    undone: bool = False
    left_out: bool = False

    def condition(self) -> sql.Composable:
        """In SQL."""
        parts: list[sql.Composable] = [sql.SQL("true")]
        if self.faulty is not None:
            parts.append(sql.SQL("faults is not null" if self.faulty else "faults is null"))
        if self.column is not None:
            such = json.dumps([[self.column, *([self.code] if self.code else [])]])
            parts.append(sql.SQL("faults is not null and faults @> {}::jsonb").format(sql.Literal(such)))
        if self.undone:
            parts.append(sql.SQL("state is null"))
        if self.left_out:
            parts.append(sql.SQL("state = {}").format(sql.Literal(LEFT_OUT)))
        return sql.SQL(" and ").join(parts)


EVERYTHING = View()
Fault = tuple[str, str, Mapping[str, str]]
"""Column, code and details."""


@dataclass(frozen=True, slots=True)
class RowShown:
    """`row` as the spreadsheet numbers it; `cells` by place; `originals`: place of a cell that is corrected → what the
    file has there; `state` and `note`: what became of the row."""

    row: int
    cells: Sequence[str | None]
    faults: Sequence[Fault]
    originals: Mapping[int, str | None]
    state: str | None
    note: str | None


@dataclass(frozen=True, slots=True)
class ColumnShown:
    """A column of the grid: where it stands, its heading as the file has it (or, where the file leaves it out, none),
    and the name of the declared column that it is."""

    place: int
    heading: str
    name: str | None


def columns(upload: Upload) -> Sequence[ColumnShown]:
    """The columns of the file in their order, then the declared ones that it leaves out."""
    names = {place: name for name, place in upload.places.items()}
    headings = [*upload.names, *[""] * (rows.width(upload) - len(upload.names))]
    return [ColumnShown(place, heading, names.get(place)) for place, heading in enumerate(headings)]


def corrected(upload: Upload) -> set[int]:
    """The places in which there are corrections."""
    found = upload.corrections.annotate(place=Func("places", function="unnest")).values_list("place", flat=True)
    return set(found.distinct())


def page(upload: Upload, view: View = EVERYTHING, *, start: int = 0, size: int = PAGE_ROWS) -> Sequence[RowShown]:
    """Rows of a view from a position on."""
    return _shown(upload, view.condition(), sql.SQL("offset {} limit {}").format(sql.Literal(start), sql.Literal(size)))


def rows_of(upload: Upload, numbers: Sequence[int]) -> Sequence[RowShown]:
    """Certain rows, by their numbers."""
    return _shown(upload, sql.SQL('"row" = any({})').format(sql.Literal(list(numbers))), sql.SQL(""))


def _shown(upload: Upload, condition: sql.Composable, limit: sql.Composable) -> Sequence[RowShown]:
    query = sql.SQL(
        'select "row", cells, faults, originals, state, note from imports_row'
        ' where upload_id = {} and {} order by "row" {}'
    ).format(sql.Literal(upload.id), condition, limit)
    with connection.cursor() as cursor:
        cursor.execute(query)
        width = rows.width(upload)
        return [_row(row, [*cells, *[None] * (width - len(cells))], *more) for row, cells, *more in cursor.fetchall()]


def _row(
    row: int,
    cells: Sequence[str | None],
    faults: str | None,
    read: Sequence[str | None] | None,
    state: str | None,
    note: str | None,
) -> RowShown:
    found = [(column, code, details) for column, code, details in json.loads(faults or "[]")]
    pairs = enumerate(zip(cells, read or cells, strict=True))
    originals = {place: original for place, (cell, original) in pairs if cell != original}
    return RowShown(row, cells, found, originals, state, note)


def numbers(upload: Upload, view: View, *, shown: Sequence[int], most: int) -> list[int]:
    """The numbers of rows: those that are `shown`, whether the view has them still or not, and those of the view that
    are below them."""
    query = sql.SQL(
        'select "row" from imports_row where upload_id = {} and ("row" = any({}) or "row" > {} and {})'
        ' order by "row" limit {}'
    )
    with connection.cursor() as cursor:
        cursor.execute(query.format(upload.id, list(shown), max(shown), view.condition(), most))
        return [number for (number,) in cursor.fetchall()]


def count(upload: Upload, view: View = EVERYTHING) -> int:
    """How many rows a view has."""
    if view == EVERYTHING:
        return upload.rows
    return _number(upload, sql.SQL("count(*)"), view.condition()) or 0


def holding(upload: Upload, column: str, text: str | None, view: View) -> sql.Composable:
    """In SQL: the rows of a view that hold this text (None: nothing) in a column, and of which nothing became yet."""
    cell = sql.SQL("cells[{}] is not distinct from {}").format(upload.places[column] + 1, sql.Literal(text))
    return sql.SQL("{} and {} and state is null").format(view.condition(), cell)


def count_holding(upload: Upload, column: str, text: str | None, view: View = EVERYTHING) -> int:
    """How many such rows there are."""
    return _number(upload, sql.SQL("count(*)"), holding(upload, column, text, view)) or 0


def next_fault(upload: Upload, *, after: int, view: View = EVERYTHING) -> int | None:
    """The first row with a fault behind a row, or the first one at all where there is none behind it."""
    condition = sql.SQL("{} and faults is not null").format(view.condition())
    behind = sql.SQL('{} and "row" > {}').format(condition, sql.Literal(after))
    first = sql.SQL('min("row")')
    return _number(upload, first, behind) or _number(upload, first, condition)


def position(upload: Upload, row: int, view: View = EVERYTHING) -> int:
    """How many rows of a view stand before a row: where its page starts is told from it."""
    before = sql.SQL('{} and "row" < {}').format(view.condition(), sql.Literal(row))
    return _number(upload, sql.SQL("count(*)"), before) or 0


def _number(upload: Upload, what: sql.Composable, condition: sql.Composable) -> int | None:
    query = sql.SQL("select {} from imports_row where upload_id = {} and {}")
    with connection.cursor() as cursor:
        cursor.execute(query.format(what, sql.Literal(upload.id), condition))
        (number,) = cursor.fetchone()
    return None if number is None else int(number)


def values(upload: Upload, table: Table, view: View = EVERYTHING) -> pl.DataFrame:
    """The values of rows: ROW and every declared column, null where a cell is empty or wrong by itself."""
    texts, marks = rows.texts(upload, table, rows.load(upload, view.condition()))
    return values_of(table, texts, marks, upload.written, rows.said(upload))


def checked_now(upload: Upload, table: Table, view: View = EVERYTHING) -> Checked:
    """Values and faults of rows as a check of this moment has them; what is kept of them stays."""
    texts, marks = rows.texts(upload, table, rows.load(upload, view.condition()))
    return check(table, texts, marks, upload.written, rows.said(upload))
