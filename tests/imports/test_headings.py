"""Columns are found by their headings in either language, however they are written."""

import polars as pl
import pytest

from accredit.imports.amounts import MIXED, TWO_WAYS, read_amounts
from accredit.imports.headings import Heading, find_columns

HEADINGS = (Heading("order_token", "Ordernummer", "Order number", ("Bestellnummer",)), Heading("size", "Größe", "Size"))


@pytest.mark.parametrize("name", ["order_token", "ORDERNUMMER", "Order  number", "Order-Number", " bestellnummer:"])
def test_a_heading_is_found(name: str) -> None:
    assert find_columns(["x", name], HEADINGS).places == {"order_token": 1}


@pytest.mark.parametrize("name", ["Größe", "GROESSE", "Gro\u0308ße", "size"])
def test_umlauts_are_letters(name: str) -> None:
    assert find_columns([name], HEADINGS).places == {"size": 0}


def test_what_is_there_twice_and_what_is_not_used_is_told() -> None:
    found = find_columns(["Order number", "Sizes", "Colour", "", "Ordernummer"], HEADINGS)
    assert found.places == {"order_token": 0}
    assert found.twice == {"order_token": ["Order number", "Ordernummer"]}
    assert found.unused == [("Sizes", HEADINGS[1]), ("Colour", None)]


@pytest.mark.parametrize(
    ("texts", "values"),
    [
        ("12.50 5 0", [125_000, 50_000, 0]),
        ("1,234.50 7.1", [12_345_000, 71_000]),
        ("12,50 5 1.234.567,89", [125_000, 50_000, 12_345_678_900]),
        ("1.234 12,5", [12_340_000, 125_000]),
        ("1,234 12.5", [12_340_000, 125_000]),
        ("-1 x 12e3 1.2.3", [None, None, None, None]),
        ("5.00 -", [50_000, None]),
    ],
)
def test_amounts_are_read_as_the_column_writes_them(texts: str, values: list[int | None]) -> None:
    column = pl.Series(texts.split())
    found = read_amounts(column, pl.Series([False] * len(column)))
    assert found.values.to_list() == values


@pytest.mark.parametrize(("texts", "doubt", "examples"), [("1.234 5", TWO_WAYS, (0,)), ("1 1.50 1,50", MIXED, (1, 2))])
def test_amounts_that_can_be_read_in_two_ways_are_not_read(texts: str, doubt: str, examples: tuple[int, ...]) -> None:
    column = pl.Series(texts.split())
    found = read_amounts(column, pl.Series([False] * len(column)))
    assert (found.doubt, found.examples, found.values.null_count()) == (doubt, examples, len(column))


def test_numbers_of_a_spreadsheet_have_a_point_whatever_stands_beside_them() -> None:
    found = read_amounts(pl.Series(["1.234", "1.234,50"]), pl.Series([True, False]))
    assert found.values.to_list() == [12_340, 12_345_000]
    assert read_amounts(pl.Series(["1.234"]), pl.Series([True])).values.to_list() == [12_340]
