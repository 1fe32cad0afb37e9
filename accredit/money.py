"""Amounts in minor units with their currency, and the one rounding function.

ISO 4217 says how many decimals a currency has. No float touches money.
"""

from collections.abc import Mapping
from decimal import Decimal
from functools import cache

import iso4217
import polars as pl

MAX_AMOUNT_MINOR = 10**15 - 1
"""Every amount stays below 10^15 minor units."""


class AmountError(ValueError):
    """A text that is no amount of its currency. The message says what would be right."""


@cache
def decimals_by_currency() -> Mapping[str, int]:
    """ISO 4217 code → number of decimals, for every currency that has minor units (gold, test codes and the like do
    not)."""
    return {c.code: c.exponent for c in iso4217.Currency if c.exponent is not None}


def decimals(currency: str) -> int:
    """Number of decimals of a currency. Raises AmountError for a code that ISO 4217 does not know."""
    try:
        return decimals_by_currency()[currency]
    except KeyError:
        raise AmountError(f"{currency!r} is no currency of ISO 4217") from None


def to_minor(amount: Decimal, currency: str) -> int:
    """Major units → minor units, exactly. Raises AmountError where the amount has more decimals than its currency, is
    no number, or reaches 10^15 minor units."""
    places = decimals(currency)
    if not amount.is_finite():
        raise AmountError(f"{amount} is no amount")
    if abs(amount.adjusted()) > 40:
        raise AmountError(f"{amount} is too large or has too many decimals")
    minor = amount.scaleb(places)
    if minor != minor.to_integral_value():
        raise AmountError(f"{amount} has more decimals than {currency}, which has {places}")
    if abs(minor) > MAX_AMOUNT_MINOR:
        raise AmountError(f"{amount} {currency} is too large: amounts stay below 10^15 minor units")
    return int(minor)


def to_major(minor: int, currency: str) -> Decimal:
    """Minor units → major units with exactly the currency's decimals."""
    return Decimal(minor).scaleb(-decimals(currency))


def round_to_minor(numerator: pl.Expr, denominator: int) -> pl.Expr:
    """Int128 numerator / denominator as whole minor units (Int64), half away from zero: the one rounding."""
    half = pl.lit(denominator // 2, dtype=pl.Int128)
    magnitude = (numerator.abs() + half) // pl.lit(denominator, dtype=pl.Int128)
    return (magnitude * numerator.sign()).cast(pl.Int64)
