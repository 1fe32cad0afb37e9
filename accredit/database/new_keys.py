"""Many new keys at once, for rows that go in with COPY."""

import os
from datetime import datetime

import polars as pl

_HEX = pl.Series([f"{number:04x}" for number in range(1 << 16)])
_COUNTER_BITS = 26


def new_keys(milliseconds: pl.Series) -> pl.Series:
    """A new UUIDv7 for each of these instants (milliseconds since 1970), as 32 digits of hexadecimal.

    Keys of one millisecond are in the order of the rows: the time is followed by 26 bits that count them, and by 48
    random bits.
    """
    rows = len(milliseconds)
    digits = os.urandom(6 * rows).hex()
    keys = pl.DataFrame(
        {
            "ms": milliseconds.cast(pl.UInt64),
            "random": pl.Series([digits[at : at + 12] for at in range(0, 12 * rows, 12)], dtype=pl.String),
        }
    )
    counter = pl.int_range(rows, dtype=pl.UInt64) % (1 << _COUNTER_BITS)
    ms = pl.col("ms")
    return keys.select(
        pl.concat_str(
            _hex(ms // (1 << 32)),
            _hex(ms // (1 << 16) % (1 << 16)),
            _hex(ms % (1 << 16)),
            _hex(0x7000 + counter // (1 << 14)),
            _hex(0x8000 + counter % (1 << 14)),
            "random",
        ).alias("id")
    ).to_series()


def keys_at(now: datetime, rows: int) -> pl.Series:
    """So many new keys of one instant, in order."""
    return new_keys(pl.repeat(int(now.timestamp() * 1000), rows, dtype=pl.UInt64, eager=True))


def _hex(number: pl.Expr) -> pl.Expr:
    """Four digits for a number of 16 bits."""
    return pl.lit(_HEX).gather(number)
