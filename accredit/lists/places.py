"""Orders of a list, and the places in it where a page starts, as addresses have them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, unquote

import polars as pl

from accredit.database.keys import key_from_text, key_to_text
from accredit.engine.frames import INSTANT, TEXT

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class CursorError(ValueError):
    """A text that names no place in the list."""


@dataclass(frozen=True, slots=True)
class Order:
    """`name`: a column that has a `sort`."""

    name: str = "time"
    descending: bool = True


@dataclass(frozen=True, slots=True)
class Cursor:
    """The row after (or before) which a page starts, and how many rows of the list stand before that place. `prefix`:
    of the list's keys."""

    rows_before: int
    values: tuple[Any, ...]
    backwards: bool
    prefix: str

    def to_text(self) -> str:
        """Figures and a key, joined by dots: `100.1309876543210000.cv_…`."""
        *values, key = self.values
        return ".".join([str(self.rows_before), *map(_text_of, values), key_to_text(self.prefix, key)])


def _text_of(value: object) -> str:
    if isinstance(value, datetime):
        return str((value - EPOCH) // timedelta(microseconds=1))
    if isinstance(value, int):
        return str(value)
    return quote(str(value), safe="").replace(".", "%2E")


def cursor_from_text(text: str, types: Sequence[pl.DataType], prefix: str, *, backwards: bool) -> Cursor:
    """The cursor of a text that `to_text` wrote for an order by fields of these types. Raises CursorError for every
    other text."""
    found = re.fullmatch(rf"([0-9]{{1,12}}){''.join(map(_shape, types))}\.([^.]+)", text, re.ASCII)
    if not found:
        raise CursorError(f"{text[:80]!r} names no place in a list by these columns")
    rows_before, *texts, key = found.groups()
    try:
        values = [_value(type_, value) for type_, value in zip(types, texts, strict=True)]
        return Cursor(int(rows_before), (*values, key_from_text(prefix, key)), backwards, prefix)
    except (OverflowError, ValueError) as error:
        raise CursorError(f"{text[:80]!r} names no place in the list: {error}") from error


def _shape(type_: pl.DataType) -> str:
    """A part of a cursor's text: instants are microseconds since EPOCH, texts are escaped as in addresses."""
    if type_ == TEXT:
        return r"\.([A-Za-z0-9_~%-]*)"
    return r"\.(-?[0-9]{1,18})" if type_ == INSTANT else r"\.([0-9]{1,16})"


def _value(type_: pl.DataType, text: str) -> str | int | datetime:
    if type_ == INSTANT:
        return EPOCH + timedelta(microseconds=int(text))
    if type_ != TEXT:
        return int(text)
    value = unquote(text, errors="strict")
    if "\0" in value:
        raise CursorError("no text has such a character")
    return value
