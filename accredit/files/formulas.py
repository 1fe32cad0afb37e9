"""Texts of others in a CSV file: spreadsheets take some of them for formulas, and must not."""

import re

import polars as pl

_STARTS = r"^[=+\-@\t\r\n]"
_NUMBER = r"^[+-]?[0-9]+([.,][0-9]+)?$"


def defused(text: str) -> str:
    """The text with a `'` before what a spreadsheet would take for a formula; numbers stay as they are."""
    return f"'{text}" if re.match(_STARTS, text) and not re.match(_NUMBER, text) else text


def as_it_was(text: pl.Expr) -> pl.Expr:
    """A column as it was before it was `defused`."""
    return text.str.replace(r"^'([=+\-@\t\r\n])", "$1")


def defused_column(text: pl.Expr) -> pl.Expr:
    """`defused`, for a column."""
    risky = text.str.contains(_STARTS) & ~text.str.contains(_NUMBER)
    return pl.when(risky).then(pl.lit("'") + text).otherwise(text)
