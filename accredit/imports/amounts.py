"""A column of amounts: `1,234.50` or `1.234,50`, whichever all of its cells are written in."""

from dataclasses import dataclass

import polars as pl

from accredit.files.values import ten_thousandths

POINT = r"^([0-9]{1,3}(,[0-9]{3})+|[0-9]+)(\.[0-9]+)?$"
COMMA = r"^([0-9]{1,3}(\.[0-9]{3})+|[0-9]+)(,[0-9]+)?$"
TWO_WAYS = "two_ways"
"""Every cell with a mark could be read in both ways, such as `1.234`."""
MIXED = "mixed"
"""Some cells are written in one way, some in the other."""


@dataclass(frozen=True, slots=True)
class Amounts:
    """`values`: ten-thousandths (Int128), null where a cell is empty or no amount. `doubt`: TWO_WAYS or MIXED, then all
    values are null, and `examples` are rows that show it."""

    values: pl.Series
    doubt: str | None = None
    examples: tuple[int, ...] = ()


def read_amounts(texts: pl.Series, are_numbers: pl.Series) -> Amounts:
    """The amounts of a column. `are_numbers`: cells that a spreadsheet holds as numbers, so that their decimals come
    after a point."""
    bare = texts.str.replace_all(r"[\s\x{a0}\x{202f}']", "")
    point, comma = bare.str.contains(POINT), bare.str.contains(COMMA)
    marked = bare.str.contains(r"[.,]") & ~are_numbers
    only_point = (marked & point & ~comma).fill_null(False)
    only_comma = (marked & comma & ~point).fill_null(False)
    either = (marked & point & comma).fill_null(False)
    nothing = pl.Series(values=[None] * len(texts), dtype=pl.Int128)
    if only_point.any() and only_comma.any():
        return Amounts(nothing, MIXED, (only_point.arg_true()[0], only_comma.arg_true()[0]))
    if either.any() and not (only_point.any() or only_comma.any()):
        return Amounts(nothing, TWO_WAYS, (either.arg_true()[0],))
    frame = pl.DataFrame({"bare": bare, "number": are_numbers})
    text = pl.col("bare")
    if only_comma.any():
        german = pl.when(text.str.contains(COMMA)).then(
            text.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True)
        )
        plain = pl.when(pl.col("number")).then(text).otherwise(german)
    else:
        plain = pl.when(text.str.contains(POINT)).then(text.str.replace_all(",", "", literal=True))
    return Amounts(frame.select(ten_thousandths(plain)).to_series())
