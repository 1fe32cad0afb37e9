"""A column of amounts: `1,234.50` or `1.234,50`. A cell that can be read in one way only is read so; one that can be
read in both, such as `1.234`, as all the others of its column agree, and not at all where they do not."""

import polars as pl

from accredit.files.values import ten_thousandths
from accredit.imports.declaring import Decimals

POINT = r"^([1-9][0-9]{0,2}(,[0-9]{3})+|[0-9]+)(\.[0-9]+)?$"
COMMA = r"^([1-9][0-9]{0,2}(\.[0-9]{3})+|[0-9]+)(,[0-9]+)?$"
BLANKS = r"[\s\x{a0}\x{202f}'’]"
SHORTENED = r"^[+-]?[0-9]+([.,][0-9]+)?[eE][+-]?[0-9]+$"
"""What a spreadsheet makes of long numbers."""


PLAIN = r"^[0-9]{1,15}([.,][0-9]{1,2})?$"
"""What most cells are, and can be read in one way only."""
_TEN_THOUSANDTHS = pl.Decimal(38, 4)


def decimals_of(texts: pl.Series, are_numbers: pl.Series) -> Decimals | None:
    """What the amounts of a column agree on. `are_numbers`: cells that a spreadsheet holds as numbers, so that their
    decimals come after a point."""
    cells = pl.DataFrame({"text": texts, "plain": texts.str.contains(PLAIN) & ~are_numbers})
    written = {mark: (pl.col("plain") & pl.col("text").str.contains(mark, literal=True)).any() for mark in ".,"}
    found = {mark for mark, is_there in cells.select(**written).row(0, named=True).items() if is_there}
    digits = cells.filter(~pl.col("plain") & ~are_numbers).select(digits=_digits(pl.col("text")))
    point, comma = (pl.col("digits").str.contains(form) for form in (POINT, COMMA))
    if digits.select((comma & ~point).any()).item():
        found.add(",")
    if digits.select((point & ~comma).any()).item():
        found.add(".")
    return {",": Decimals.COMMA, ".": Decimals.POINT}[found.pop()] if len(found) == 1 else None


def _digits(text: pl.Expr) -> pl.Expr:
    """Without blanks and sign."""
    return text.str.replace_all(BLANKS, "").str.replace(r"^[+−-]|[−-]$", "")


def read_amounts(
    texts: pl.Series, are_numbers: pl.Series, decimals: Decimals | None, *, stated: bool = False, signed: bool = False
) -> tuple[pl.Series, pl.Series]:
    """The values of a column (ten-thousandths), and codes of what is wrong with cells; null where nothing is.
    `decimals`: as the column has them; `stated`: the user says so, and others are wrong. `signed`: amounts below zero
    are none."""
    text = pl.col("text")
    cells = pl.DataFrame({"text": texts, "is_number": are_numbers}).with_row_index("place")
    is_plain = text.str.contains(PLAIN)
    if stated:  # the mark may be the other one
        other = "," if decimals is Decimals.POINT else "."
        is_plain &= pl.col("is_number") | ~text.str.contains(other, literal=True)
    cells = cells.with_columns(
        value=pl.when(is_plain)
        .then(text)
        .str.replace(",", ".", literal=True)
        .cast(_TEN_THOUSANDTHS, strict=False)
        .to_physical(),
        code=pl.lit(None, pl.String),
    )
    others = cells.filter(text.is_not_null() & pl.col("value").is_null())
    if len(others):
        read = _others(others.select("place", "text", "is_number"), decimals, stated=stated, signed=signed)
        cells = cells.update(read, on="place")
    return cells["value"].alias(texts.name), cells["code"]


def _others(cells: pl.DataFrame, decimals: Decimals | None, *, stated: bool, signed: bool) -> pl.DataFrame:
    """`place`, `value` and `code` of cells that are not plain."""
    text, digits = pl.col("text"), pl.col("digits")
    cells = cells.with_columns(digits=_digits(text))
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
    return cells.select("place", "code", value=pl.when(pl.col("code").is_null()).then("value"))
