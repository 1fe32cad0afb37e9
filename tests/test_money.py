"""Amounts, their currencies and the one rounding."""

from decimal import Decimal
from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accredit.money import (
    MAX_AMOUNT_MINOR,
    AmountError,
    decimals,
    decimals_by_currency,
    round_to_minor,
    to_major,
    to_minor,
)
from tests.factories.tables import table

DECIMALS = table("""
    currency | decimals
    JPY      | 0
    KRW      | 0
    USD      | 2
    EUR      | 2
    HUF      | 2
    TND      | 3
    KWD      | 3
    CLF      | 4
""")


@pytest.mark.parametrize("case", DECIMALS, ids=lambda row: row["currency"])
def test_decimals_are_those_of_iso_4217(case: dict[str, str]) -> None:
    assert decimals(case["currency"]) == int(case["decimals"])


def test_every_currency_has_a_known_number_of_decimals() -> None:
    assert set(decimals_by_currency().values()) == {0, 2, 3, 4}
    assert len(decimals_by_currency()) > 150


@pytest.mark.parametrize("currency", sorted(decimals_by_currency()))
@pytest.mark.parametrize("minor", [0, 1, 12_345, MAX_AMOUNT_MINOR])
def test_major_units_and_back(currency: str, minor: int) -> None:
    major = to_major(minor, currency)
    assert to_minor(major, currency) == minor
    assert f"{major:f}".partition(".")[2] == str(minor).zfill(5)[-decimals(currency) :] * bool(decimals(currency))


AMOUNTS = table("""
    amount                | currency | minor
    12.5                  | USD      | 1250
    -0.01                 | USD      | -1
    5.000                 | JPY      | 5
    1e3                   | EUR      | 100000
    1.234                 | KWD      | 1234
    9999999999999.99      | USD      | 999999999999999
""")


@pytest.mark.parametrize("case", AMOUNTS, ids=lambda row: row["amount"])
def test_amounts_in_minor_units(case: dict[str, str]) -> None:
    assert to_minor(Decimal(case["amount"]), case["currency"]) == int(case["minor"])


NO_AMOUNTS = table("""
    amount             | currency | message
    1                  | XYZ      | 'XYZ' is no currency
    1                  | XAU      | 'XAU' is no currency
    1                  | usd      | 'usd' is no currency
    NaN                | USD      | NaN is no amount
    Infinity           | USD      | Infinity is no amount
    sNaN               | USD      | sNaN is no amount
    1e400              | USD      | too large
    1e-400             | USD      | too many decimals
    0.5                | JPY      | more decimals than JPY, which has 0
    0.001              | EUR      | more decimals than EUR, which has 2
    10000000000000     | EUR      | stay below 10.15 minor units
    -1000000000000000  | JPY      | stay below 10.15 minor units
""")


@pytest.mark.parametrize("case", NO_AMOUNTS, ids=lambda row: f"{row['amount']} {row['currency']}")
def test_what_is_no_amount(case: dict[str, str]) -> None:
    with pytest.raises(AmountError, match=case["message"]):
        to_minor(Decimal(case["amount"]), case["currency"])


def rounded(numerators: list[int], denominator: int) -> list[int | None]:
    frame = pl.DataFrame({"exact": pl.Series(numerators, dtype=pl.Int128)})
    return frame.select(round_to_minor(pl.col("exact"), denominator)).to_series().to_list()


def test_half_is_rounded_away_from_zero() -> None:
    assert rounded([0, 4, 5, 14, 15, 25, -4, -5, -14, -15, -25], 10) == [0, 0, 1, 1, 2, 3, 0, -1, -1, -2, -3]
    assert rounded([1, 2, -1, -2], 3) == [0, 1, 0, -1]


@given(st.lists(st.integers(-(10**27), 10**27)), st.sampled_from([1, 2, 3, 10, 10**6, 10**12]))
def test_rounding_is_exact_in_128_bits(numerators: list[int], denominator: int) -> None:
    numerators = [number % (10**15 * denominator) * (-1) ** (number % 2) for number in numerators]

    def half_away(exact: Fraction) -> int:
        whole = int(abs(exact) + Fraction(1, 2))
        return whole if exact >= 0 else -whole

    assert rounded(numerators, denominator) == [half_away(Fraction(number, denominator)) for number in numerators]
