"""Plain values to the engine's frames and back."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

import polars as pl

from accredit.engine.frames import Schema

Value = TypeVar("Value")


def frame(rows: Sequence[object], schema: Schema) -> pl.DataFrame:
    """One row a value, with exactly the columns and types of the schema."""
    return pl.DataFrame({name: [getattr(row, name) for row in rows] for name in schema}, schema=dict(schema))


def values(kind: type[Value], rows: pl.DataFrame) -> list[Value]:
    """One value a row, made of all the columns of the frame."""
    return [kind(**row) for row in named(rows)]


def named(rows: pl.DataFrame) -> Iterable[dict[str, object]]:
    return rows.iter_rows(named=True)
