"""A list as a file: exactly what is filtered, in its order, in the columns that are chosen.

CSV and XLSX say what the list says, in the language of whoever asked; Parquet has the codes, amounts and instants
themselves. Everything is read as it was at one instant and goes through in blocks, so that the memory stays flat.
"""

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from uuid import UUID

import polars as pl
from django.db import connection, connections
from psycopg import sql

from accredit.database.copy import copy_blocks, statement
from accredit.database.keys import key_to_text
from accredit.engine.frames import TEXT, Schema
from accredit.files.formulas import defused_column
from accredit.lists.columns import Column, Kind
from accredit.lists.filters import Filters
from accredit.lists.listing import List
from accredit.lists.places import Order
from accredit.lists.sheets import Sheets
from accredit.money import decimals_by_currency
from accredit.programs.visibility import Viewpoint

if TYPE_CHECKING:
    from psycopg import Connection

INSTANT_TEXT = "%Y-%m-%dT%H:%M:%S%.f%:z"
Say = Callable[[Column, Any], str]
"""What a cell of a column says of something that has the fields of a row, as the list says it."""
Tell = Callable[[int, int | None], None]


class Format(StrEnum):
    CSV = "csv"
    XLSX = "xlsx"
    PARQUET = "parquet"


@dataclass(frozen=True, slots=True)
class Export:
    """What is exported. `title`: of its sheet; `facts`: pairs of title and text that a spreadsheet says of itself."""

    list: List[Any]
    title: str
    view: Viewpoint
    filters: Filters
    order: Order
    columns: Sequence[Column]
    facts: Sequence[tuple[str, str]] = ()

    @property
    def shown(self) -> Sequence[Column]:
        """The columns, with the currency beside the amounts; the order of the rest stays."""
        amounts = [place for place, column in enumerate(self.columns) if column.kind == Kind.MONEY]
        currency = self.list.columns["currency"]
        if not amounts or currency in self.columns:
            return self.columns
        cut = amounts[-1] + 1
        return [*self.columns[:cut], currency, *self.columns[cut:]]

    @property
    def schema(self) -> Schema:
        """The fields that are read, in the order of the columns."""
        names = dict.fromkeys(name for column in self.shown for name in (*column.fields, *column.also))
        return {name: self.list.type_of(name) for name in names}


def export(asked: Export, format_: Format, path: Path, say: Say, tell: Tell = lambda _done, _total: None) -> int:
    """Write the file; how many rows are in it. `tell` is told how many of how many are, and may raise to end
    it."""
    with _snapshot() as reader:
        found = asked.list.filtered(asked.view, asked.filters)
        total = _count(reader, statement(found.order_by().values("id")))
        tell(0, total)
        found = asked.list.with_added(found, [*asked.schema, *asked.list.sorted_by(asked.order)])
        query = statement(asked.list.ordered(found, asked.order).values_list(*asked.schema))
        blocks = _told(copy_blocks(reader, query, asked.schema), tell)
        return WRITERS[format_](asked, (_understood(asked, block) for block in blocks), path, say)


@contextmanager
def _snapshot() -> "Iterator[Connection[Any]]":
    """A connection of its own that sees one instant. What is told meanwhile goes through the other one."""
    wrapper = connections.create_connection(connection.alias)
    try:
        with wrapper.cursor() as cursor:
            cursor.execute("begin isolation level repeatable read read only")
        yield wrapper.connection
    finally:
        wrapper.close()


def _count(reader: "Connection[Any]", rows: sql.Composable) -> int:
    row = reader.execute(sql.SQL("select count(*) from ({}) found").format(rows)).fetchone()
    assert row is not None
    return int(row[0])


def _told(blocks: Iterator[pl.DataFrame], tell: Tell) -> Iterator[pl.DataFrame]:
    done = 0
    for block in blocks:
        yield block
        done += len(block)
        tell(done, None)


def _understood(asked: Export, block: pl.DataFrame) -> pl.DataFrame:
    """Flags as such, and keys as the outside knows them."""
    for column in asked.shown:
        if column.kind == Kind.FLAG:
            block = block.with_columns(pl.col(column.field) == "t")
        elif column.kind == Kind.KEY:
            keys = [key and key_to_text(column.prefix, UUID(key)) for key in block[column.field]]
            block = block.with_columns(pl.Series(column.field, keys, TEXT))
    return block


def words_of(column: Column, block: pl.DataFrame, say: Say) -> pl.Series:
    """A column as the list says it, null where it says nothing: each way of saying it is put together once."""
    fields = [*column.fields, *column.also]
    ways = block.select(fields).unique()
    said = [say(column, SimpleNamespace(**row)) or None for row in ways.iter_rows(named=True)]
    ways = ways.with_columns(pl.Series("said", said, TEXT))
    return block.select(fields).join(ways, on=fields, how="left", nulls_equal=True, maintain_order="left")["said"]


def _write_csv(asked: Export, blocks: Iterator[pl.DataFrame], path: Path, say: Say) -> int:
    zone, rows = asked.view.program.timezone, 0
    titles = _titles(asked.shown)
    with path.open("wb") as file:
        pl.DataFrame(schema=dict.fromkeys(titles, TEXT)).write_csv(file)
        for block in blocks:
            cells = [
                defused_column(pl.lit(words_of(column, block, say))) if column.is_words else _csv_cell(column, zone)
                for column in asked.shown
            ]
            lines = block.select(cell.alias(title) for cell, title in zip(cells, titles, strict=True))
            lines.write_csv(file, include_header=False)
            rows += len(block)
    return rows


def _titles(columns: Sequence[Column]) -> Sequence[str]:
    """Each once: where two columns are called alike, the later one says its name as well."""
    titles: dict[str, None] = {}
    for column in columns:
        title = str(column.title)
        titles[title if title not in titles else f"{title} ({column.name})"] = None
    return list(titles)


def _csv_cell(column: Column, zone: str) -> pl.Expr:
    value = pl.col(column.field)
    match column.kind:
        case Kind.INSTANT:
            return value.dt.convert_time_zone(zone).dt.strftime(INSTANT_TEXT)
        case Kind.MONEY:
            return _major_text(value, pl.col("currency"))
        case Kind.NUMBER | Kind.KEY:
            return value
    return defused_column(value)


def _places(currency: pl.Expr) -> pl.Expr:
    """The decimals of a currency."""
    return currency.replace_strict(decimals_by_currency(), return_dtype=pl.Int64)


def _major_text(minor: pl.Expr, currency: pl.Expr) -> pl.Expr:
    """Amounts in major units, with the decimals of their currency and a decimal point."""
    places = _places(currency)
    texts = pl.when(places == 0).then(minor.cast(TEXT))
    for count in sorted({*decimals_by_currency().values()} - {0}):
        part = (minor % 10**count).cast(TEXT).str.zfill(count)
        texts = texts.when(places == count).then(pl.format("{}.{}", minor // 10**count, part))  # type: ignore[assignment]
    return texts.otherwise(None)


def _write_xlsx(asked: Export, blocks: Iterator[pl.DataFrame], path: Path, say: Say) -> int:
    zone = asked.view.program.timezone
    titles, kinds = _titles(asked.shown), [column.kind for column in asked.shown]
    with _parts(path) as folder, Sheets(path, Path(folder), asked.title, titles, kinds) as sheets:
        for block in blocks:
            cells = [
                words_of(column, block, say) if column.is_words else block.select(_xlsx_cell(column, zone)).to_series()
                for column in asked.shown
            ]
            places = block.select(_places(pl.col("currency"))).to_series() if "currency" in block.columns else None
            sheets.write(cells, places)
        technical = [(str(column.title), column.name, ", ".join(column.fields)) for column in asked.shown]
        sheets.say(asked.facts, technical)
    return sheets.rows


def _xlsx_cell(column: Column, zone: str) -> pl.Expr:
    value = pl.col(column.field)
    match column.kind:
        case Kind.INSTANT:  # days since the end of 1899, on the clock of the program
            local = value.dt.convert_time_zone(zone).dt.replace_time_zone(None)
            return local.dt.epoch("us") / 86_400_000_000 + 25_569
        case Kind.MONEY:
            return value / pl.lit(10).pow(_places(pl.col("currency")))
    return value


def _write_parquet(asked: Export, blocks: Iterator[pl.DataFrame], path: Path, _say: Say) -> int:
    """Each block is a file of its own at first; then they become one, without being in memory together."""
    names = list(dict.fromkeys(name for column in asked.shown for name in column.fields))
    with _parts(path) as parts:
        rows, folder = 0, Path(parts)
        empty = _understood(asked, pl.DataFrame(schema=dict(asked.schema))).select(names)
        empty.write_parquet(folder / "000000.parquet")
        for number, block in enumerate(blocks, 1):
            block.select(names).write_parquet(folder / f"{number:06}.parquet")
            rows += len(block)
        pl.scan_parquet(sorted(folder.iterdir())).sink_parquet(path, maintain_order=True)
    return rows


def _parts(path: Path) -> "tempfile.TemporaryDirectory[str]":
    """A folder beside the file for what it is made of."""
    return tempfile.TemporaryDirectory(dir=path.parent)


Writer = Callable[[Export, Iterator[pl.DataFrame], Path, Say], int]
WRITERS: Mapping[Format, Writer] = {
    Format.CSV: _write_csv,
    Format.XLSX: _write_xlsx,
    Format.PARQUET: _write_parquet,
}
