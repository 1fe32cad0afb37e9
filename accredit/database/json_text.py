"""JSON written by column expressions, for COPY: the same values give the same text for good, so it can be hashed."""

from collections.abc import Mapping, Sequence

import polars as pl

ESCAPES = {'"': '\\"', "\\": "\\\\", **{chr(code): f"\\u{code:04x}" for code in range(32)}}


def text(value: pl.Expr) -> pl.Expr:
    """A text as a JSON string; null stays null."""
    escaped = value.cast(pl.String).str.replace_many(list(ESCAPES), list(ESCAPES.values()))
    return pl.concat_str(pl.lit('"'), escaped, pl.lit('"'))


def word(value: pl.Expr) -> pl.Expr:
    """A text that holds nothing that JSON would escape, such as a value of an enum; null stays null."""
    return pl.concat_str(pl.lit('"'), value.cast(pl.String), pl.lit('"'))


def number(value: pl.Expr) -> pl.Expr:
    """A whole number as JSON; null stays null."""
    return value.cast(pl.String)


def array(values: Sequence[pl.Expr]) -> pl.Expr:
    """An array of values that are JSON already; null becomes `null`."""
    return pl.concat_str(
        pl.lit("["), pl.concat_str([value.fill_null("null") for value in values], separator=","), pl.lit("]")
    )


def object_of(values: Mapping[str, pl.Expr]) -> pl.Expr:
    """An object of values that are JSON already, without those that are null."""
    members = [pl.concat_str(pl.lit(f'"{name}":'), value) for name, value in values.items()]
    return pl.concat_str(pl.lit("{"), pl.concat_str(members, separator=",", ignore_nulls=True), pl.lit("}"))


def arrays(rows: pl.DataFrame, owner: str, value: str, owners: int) -> pl.Series:
    """For each of `owners` row numbers the array of the `value`s (JSON) whose `owner` it is, in the order of the rows;
    `[]` where there are none. `rows` is sorted by owner."""
    joined = rows.group_by(owner, maintain_order=True).agg(value).with_columns(pl.col(value).list.join(","))
    empty = pl.repeat("", owners, eager=True)
    filled = empty.scatter(joined[owner], joined[value]) if len(joined) else empty
    return "[" + filled + "]"
