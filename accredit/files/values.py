"""Cells as values: expressions over columns of text, exact and without a Python function per row. What is malformed
becomes null."""

import polars as pl

from accredit import money
from accredit.files.columns import Column, Kind

MAX_TEXT = 500
MAX_QUANTITY = 10**8
FIRST_YEAR, LAST_YEAR = 1900, 2999

DATE_AND_TIME = r"^(19|2[0-9])[0-9]{2}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-5][0-9](\.[0-9]{1,6})?"
QUICK_FORMS = {27: "%Y-%m-%dT%H:%M:%S.%6fZ", 20: "%Y-%m-%dT%H:%M:%SZ"}
"""Length → form of the instants that most files hold, which Polars reads several times faster than `%+`."""
INSTANT_TEXT = DATE_AND_TIME + r"(Z|[+-][0-9]{2}:?[0-9]{2})$"
AMOUNT_TEXT = r"^[0-9]+(\.[0-9]+)?$"
EXACT_AMOUNT_TEXT = r"^[0-9]{1,16}(\.[0-9]{1,4}0*)?$"  # no currency has more than four decimals
NEGATIVE_TEXT = r"^-[0-9]"
QUANTITY_TEXT = r"^[0-9]{1,9}$"
_TEN_THOUSANDTHS = pl.Decimal(38, 4)


ACCEPTED_TYPES: dict[Kind, tuple[type[pl.DataType], ...]] = {
    Kind.TEXT: (pl.String, pl.Categorical, pl.Enum, pl.datatypes.IntegerType),
    Kind.INSTANT: (pl.String, pl.Datetime),
    Kind.AMOUNT: (pl.String, pl.Decimal, pl.datatypes.IntegerType),
    Kind.QUANTITY: (pl.String, pl.datatypes.IntegerType),
}
"""Types of Parquet columns that hold a kind exactly; a column without any value (Null) holds every kind."""


def type_error(column: Column, dtype: pl.DataType) -> str | None:
    """What is wrong with a column of this type, or None."""
    if isinstance(dtype, pl.Datetime) and column.kind is Kind.INSTANT and dtype.time_zone is None:
        return f"The times of {column.name!r} have no time zone. Store them as UTC, or as texts with an offset."
    if isinstance(dtype, (*ACCEPTED_TYPES[column.kind], pl.Null)):
        return None
    inexact = " Binary fractions are not exact: store decimals or texts." if dtype.is_float() else ""
    return f"{column.name!r} holds {dtype}; it must hold {column.kind.value}, as a fitting type or as text.{inexact}"


def value(column: Column, dtype: pl.DataType, *, empties: bool) -> pl.Expr:
    """The value of a column that comes with this type: text, UTC microseconds, ten-thousandths of an amount's currency
    (Int128), or a whole number. Without `empties` no text is empty: Polars takes what stands between two separators
    for null, and only quotation marks and Parquet hold a text that is empty."""
    cell = pl.col(column.name)
    if isinstance(dtype, pl.Datetime):
        return instant_of_datetime(cell, dtype)
    if not isinstance(dtype, pl.String):
        cell = cell.cast(pl.String)
    match column.kind:
        case Kind.TEXT:
            return pl.when(cell != "").then(cell) if empties else cell
        case Kind.INSTANT:
            return instant(cell)
        case Kind.AMOUNT:
            return ten_thousandths(cell)
        case Kind.QUANTITY:
            number = pl.when(cell.str.contains(QUANTITY_TEXT)).then(cell).cast(pl.Int64, strict=False)
            return pl.when(number.is_between(1, MAX_QUANTITY)).then(number)


def instant(text: pl.Expr) -> pl.Expr:
    """ISO 8601 with an offset → UTC."""
    in_utc = text.str.ends_with("Z") & text.str.contains("T", literal=True)
    is_quick = [in_utc & (text.str.len_bytes() == length) for length in QUICK_FORMS]
    quick = [
        pl.when(fits)
        .then(text)
        .str.to_datetime(form, time_unit="us", strict=False, cache=False)
        .dt.replace_time_zone("UTC")
        for fits, form in zip(is_quick, QUICK_FORMS.values(), strict=True)
    ]
    others = pl.when(~pl.any_horizontal(is_quick)).then(text)
    slow = others.str.to_datetime("%+", time_unit="us", time_zone="UTC", strict=False, cache=False)
    return pl.when(text.str.contains(INSTANT_TEXT)).then(pl.coalesce(*quick, slow))


def instant_of_datetime(cell: pl.Expr, dtype: pl.Datetime) -> pl.Expr:
    """An aware datetime → UTC; finer than microseconds is malformed."""
    utc = cell.dt.convert_time_zone("UTC")
    exact = utc.dt.cast_time_unit("us")
    right = exact.dt.year().is_between(FIRST_YEAR, LAST_YEAR)
    return pl.when(right & (exact.dt.cast_time_unit(dtype.time_unit) == utc)).then(exact)


def ten_thousandths(text: pl.Expr) -> pl.Expr:
    """The text of an amount → whole ten-thousandths of its currency (Int128)."""
    return pl.when(text.str.contains(EXACT_AMOUNT_TEXT)).then(text).cast(_TEN_THOUSANDTHS, strict=False).to_physical()


def decimals_of(currency: pl.Expr) -> pl.Expr:
    """The number of decimals of a currency; null where ISO 4217 does not know it."""
    return currency.replace_strict(money.decimals_by_currency(), default=None, return_dtype=pl.Int8)


def unit(decimals: pl.Expr) -> pl.Expr:
    """How many ten-thousandths one minor unit has."""
    return pl.lit(10, pl.Int128).pow(4 - decimals)


def minor(ten_thousandths: pl.Expr, decimals: pl.Expr) -> pl.Expr:
    """Ten-thousandths → minor units (Int64); null where the amount has more decimals than its currency, or reaches
    10^15 minor units."""
    whole = ten_thousandths // unit(decimals)
    exact = (ten_thousandths == whole * unit(decimals)) & (whole <= money.MAX_AMOUNT_MINOR)
    return pl.when(exact).then(whole).cast(pl.Int64)
