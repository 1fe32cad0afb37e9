"""A column of amounts: `1,234.50` or `1.234,50`. A cell that can be read in one way only is read so; one that can be
read in both, such as `1.234`, as all the others of its column agree, and not at all where they do not."""

from dataclasses import dataclass

import polars as pl

from accredit.files.values import ten_thousandths
from accredit.imports.declaring import Decimals

POINT = r"^([1-9][0-9]{0,2}(,[0-9]{3})+|[0-9]+)(\.[0-9]+)?$"
COMMA = r"^([1-9][0-9]{0,2}(\.[0-9]{3})+|[0-9]+)(,[0-9]+)?$"
BLANKS = r"[\s\x{a0}\x{202f}'’]"
SHORTENED = r"^[+-]?[0-9]+([.,][0-9]+)?[eE][+-]?[0-9]+$"
"""What a spreadsheet makes of long numbers."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Places of the first cells that have only decimals after a comma, only after a point, or could have either."""

    comma: int | None
    point: int | None
    either: int | None

    @property
    def decimals(self) -> Decimals | None:
        """What the column agrees on."""
        if (self.comma is None) == (self.point is None):
            return None
        return Decimals.POINT if self.comma is None else Decimals.COMMA


def evidence(texts: pl.Series, are_numbers: pl.Series) -> Evidence:
    """How the amounts of a column are written. `are_numbers`: cells that a spreadsheet holds as numbers, so that their
    decimals come after a point."""
    cells = pl.DataFrame({"text": texts, "is_number": are_numbers}).with_row_index("place")
    marked = cells.filter(pl.col("text").str.contains(r"[.,]") & ~pl.col("is_number"))
    ways = marked.select("place", digits=_digits(pl.col("text"))).select(
        "place", point=pl.col("digits").str.contains(POINT), comma=pl.col("digits").str.contains(COMMA)
    )
    point, comma = pl.col("point"), pl.col("comma")
    firsts = ways.select(
        comma=pl.col("place").filter(comma & ~point).first(),
        point=pl.col("place").filter(point & ~comma).first(),
        either=pl.col("place").filter(point & comma).first(),
    )
    return Evidence(*firsts.row(0))


def _digits(text: pl.Expr) -> pl.Expr:
    """Without blanks and sign."""
    return text.str.replace_all(BLANKS, "").str.replace(r"^[+−-]|[−-]$", "")


def read_amounts(
    texts: pl.Series, are_numbers: pl.Series, decimals: Decimals | None, *, stated: bool = False, signed: bool = False
) -> tuple[pl.Series, pl.Series]:
    """The values of a column (ten-thousandths), and codes of what is wrong with cells; null where nothing is.
    `decimals`: as the column has them; `stated`: the user says so, and others are wrong. `signed`: amounts below zero
    are none."""
    cells = pl.DataFrame({"text": texts, "is_number": are_numbers}).with_columns(digits=_digits(pl.col("text")))
    text, digits = pl.col("text"), pl.col("digits")
    point, comma = pl.col("point"), pl.col("comma")
    cells = cells.with_columns(
        point=digits.str.contains(POINT),
        comma=digits.str.contains(COMMA) & ~pl.col("is_number"),
        marked=digits.str.contains(r"[.,]"),
        negative=text.str.contains(r"^\s*[−-]|[−-]\s*$") & digits.str.contains(r"[1-9]"),
    )
    both = pl.col("marked") & point & comma
    as_comma = comma & (~point | (pl.lit(decimals == Decimals.COMMA) & pl.col("marked")))
    plain = (
        pl.when(as_comma)
        .then(digits.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True))
        .when(point)
        .then(digits.str.replace_all(",", "", literal=True))
    )
    cells = cells.with_columns(plain=plain)
    value = ten_thousandths(pl.col("plain"))
    other = ~point if decimals == Decimals.POINT else ~comma & ~pl.col("is_number")
    sign = pl.when(pl.col("negative")).then(pl.lit(-1, pl.Int128)).otherwise(pl.lit(1, pl.Int128))
    cells = cells.with_columns(
        value=value * sign,
        code=pl.when(text.is_null())
        .then(None)
        .when(text.str.contains(SHORTENED))
        .then(pl.lit("digits_lost"))
        .when(~point & ~comma & text.str.contains(r"[0-9]") & text.str.contains(r"[\p{L}\p{Sc}%]"))
        .then(pl.lit("amount_has_text"))
        .when(~point & ~comma)
        .then(pl.lit("amount_wrong"))
        .when(pl.lit(stated) & other)
        .then(pl.lit("other_format"))
        .when(both & pl.lit(decimals is None))
        .then(pl.lit("amount_two_ways"))
        .when(pl.lit(not signed) & pl.col("negative"))
        .then(pl.lit("amount_negative"))
        .when(pl.col("plain").str.contains(r"^0*[1-9][0-9]{15}"))
        .then(pl.lit("amount_too_large"))
        .when(value.is_null())
        .then(pl.lit("too_many_decimals")),
    )
    good = cells.select(pl.when(pl.col("code").is_null()).then("value")).to_series()
    return good.alias(texts.name), cells["code"]
