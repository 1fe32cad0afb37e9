"""Frames in and out of tables, with COPY: set-wise, as blocks, and no Python for each row.

Both use Django's connection, so that they belong to the transaction that is open.
"""

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any
from uuid import UUID

import polars as pl
from django.db import connection
from django.db.models import QuerySet
from psycopg import sql

if TYPE_CHECKING:
    from psycopg import Connection

BLOCK_ROWS = 50_000
INSTANT_FORMAT = "%Y-%m-%d %H:%M:%S%.f%#z"
"""Of timestamptz in what COPY writes."""


def copy_in(table: str, frame: pl.DataFrame) -> None:
    """Add the rows of a frame to a table; its columns are named as the table's, and hold no lists or structs. Raises
    what Django raises for an INSERT of the rows."""
    statement = sql.SQL("copy {} ({}) from stdin (format csv)").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, frame.columns))
    )
    with connection.wrap_database_errors, connection.cursor() as cursor:
        # A session plans the check of a foreign key once and keeps the plan. One that was made while the tables were
        # small would read all of a large table for every row.
        cursor.execute("discard plans")
        with cursor.copy(statement) as copy:
            for block in frame.iter_slices(BLOCK_ROWS):
                lines = io.BytesIO()
                block.write_csv(lines, include_header=False)
                copy.write(lines.getbuffer())


@contextmanager
def rows_beside(name: str, like: str, frame: pl.DataFrame) -> Iterator[None]:
    """Within the block, in the transaction that is open, the temporary table `name` holds the rows of a frame, in
    columns as the table `like` has them, and the planner knows how many they are."""
    columns = sql.SQL(", ").join(map(sql.Identifier, frame.columns))
    table = sql.Identifier(name)
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL("create temporary table {} on commit drop as select {} from {} with no data").format(
                table, columns, sql.Identifier(like)
            )
        )
        copy_in(name, frame)
        cursor.execute(sql.SQL("analyze {}").format(table))
        yield
        cursor.execute(sql.SQL("drop table {}").format(table))


def update_rows(table: str, program_id: UUID, frame: pl.DataFrame) -> None:
    """Have rows of a program say something else. The frame has `id`, and the columns that change."""
    settings = sql.SQL(", ").join(
        sql.SQL("{0} = changed.{0}").format(sql.Identifier(name)) for name in frame.columns if name != "id"
    )
    statement = sql.SQL(
        "update {} kept set {} from changed where kept.program_id = {} and kept.id = changed.id"
    ).format(sql.Identifier(table), settings, program_id)
    with rows_beside("changed", table, frame), connection.cursor() as cursor:
        cursor.execute(statement)


def copy_out(query: sql.Composable, schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """The rows of a query as a frame; `schema` names all of its columns in their order: texts, whole numbers, days, and
    instants, which come as timestamptz."""
    with connection.wrap_database_errors, connection.cursor() as cursor, cursor.copy(_copied(query)) as copy:
        lines = io.BytesIO()
        for line in copy:
            lines.write(line)
    return _frame(lines, schema)


def copy_blocks(
    connection: "Connection[Any]", query: sql.Composable, schema: Mapping[str, pl.DataType]
) -> Iterator[pl.DataFrame]:
    """Like `copy_out` through a connection of one's own, BLOCK_ROWS at a time: there is never more in memory."""
    with connection.cursor() as cursor, cursor.copy(_copied(query)) as copy:
        rows = iter(copy)
        while block := list(islice(rows, BLOCK_ROWS)):
            lines = io.BytesIO()
            lines.writelines(block)
            yield _frame(lines, schema)


def _copied(query: sql.Composable) -> sql.Composed:
    return sql.SQL("copy ({}) to stdout (format csv)").format(query)


def _frame(lines: io.BytesIO, schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    if not lines.tell():
        return pl.DataFrame(schema=dict(schema))
    instants = [name for name, dtype in schema.items() if isinstance(dtype, pl.Datetime)]
    texts = {name: pl.String() if name in instants else dtype for name, dtype in schema.items()}
    lines.seek(0)
    frame = pl.read_csv(lines, has_header=False, schema=texts)
    return frame.with_columns(pl.col(instants).str.to_datetime(INSTANT_FORMAT, time_unit="us", time_zone="UTC"))


def statement(rows: QuerySet[Any, Any]) -> sql.Composable:
    """The query of a queryset, to copy out of."""
    query, parameters = rows.query.sql_with_params()
    return sql.SQL(connection.ops.compose_sql(query, parameters))  # type: ignore[attr-defined]


def text_array(values: pl.Series) -> sql.Composable:
    """The distinct texts of a series, as an array in a query: much faster than psycopg's own lists."""
    texts = values.drop_nulls().unique()
    quoted = texts.str.replace_many(["\\", '"'], ["\\\\", '\\"'])
    elements = '","'.join(quoted.to_list())
    return sql.SQL("{}::text[]").format(sql.Literal(f'{{"{elements}"}}' if len(texts) else "{}"))
