"""The order of precedence in a journey as one integer, so that a sort of integers ranks ten million rows.

A key is, from the highest bits: the conversion (28 bits); the credit group, or DROPPED (2); the place within it (31):
code candidates in the order's sequence, then clicks with the latest first, then dropped codes; and why a click was
dropped (3). The least key of a conversion is its winner.
"""

import polars as pl

DROPPED = 3
"""Comes after every credit group."""

CANDIDATE, AFTER_CONVERSION, UNKNOWN_PARTY, NO_LIVE_CONTRACT, OUTSIDE_REFERRAL_WINDOW = range(5)
"""Why a click was dropped; CANDIDATE where it was not."""

_CODES = 2**16
_PLACES = 2**31
_FIRST_DROPPED_CODE = _PLACES - _CODES
_LATEST_CLICK = _FIRST_DROPPED_CODE - 1
MAX_CLICKS = _FIRST_DROPPED_CODE - _CODES
MAX_CONVERSIONS = 2**28


def _key(conversion: pl.Expr, group: pl.Expr, place: pl.Expr, dropped: pl.Expr) -> pl.Expr:
    return (
        conversion.cast(pl.UInt64) * 2**36 + group.cast(pl.UInt64) * 2**34 + place.cast(pl.UInt64) * 8
        + dropped.cast(pl.UInt64)
    )  # fmt: skip


def click_key(conversion: pl.Expr, group: pl.Expr, position: pl.Expr, dropped: pl.Expr) -> pl.Expr:
    """`position`: of the click in time, from 0."""
    return _key(conversion, group, _LATEST_CLICK - position.cast(pl.UInt64), dropped)


def code_key(conversion: pl.Expr, group: pl.Expr, sequence: pl.Expr) -> pl.Expr:
    """`group` DROPPED for a code that makes no candidate."""
    sequence = sequence.clip(upper_bound=_CODES - 1)
    first = pl.when(group == DROPPED).then(pl.lit(_FIRST_DROPPED_CODE, pl.UInt64)).otherwise(pl.lit(0, pl.UInt64))
    return _key(conversion, group, first + sequence, pl.lit(0))


def conversion_of(key: pl.Expr) -> pl.Expr:
    return (key // 2**36).cast(pl.UInt32)


def group_of(key: pl.Expr) -> pl.Expr:
    return (key // 2**34 % 4).cast(pl.UInt8)


def dropped_of(key: pl.Expr) -> pl.Expr:
    return (key % 8).cast(pl.UInt8)


def is_code(key: pl.Expr) -> pl.Expr:
    place = key // 8 % _PLACES
    return (place < _CODES) | (place >= _FIRST_DROPPED_CODE)


def position_of(key: pl.Expr) -> pl.Expr:
    """The click's position in time; null for a code."""
    return pl.when(~is_code(key)).then(_LATEST_CLICK - (key // 8 % _PLACES).cast(pl.UInt32))


def starts_conversion(key: pl.Expr) -> pl.Expr:
    """Whether a row of sorted keys is the first of its conversion."""
    conversion = conversion_of(key)
    return (conversion != conversion.shift(1)).fill_null(True)
