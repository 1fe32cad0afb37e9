"""Columns are found by their headings in either language, however they are written."""

import pytest

from accredit.imports.declaring import Column
from accredit.imports.headings import find_columns

HEADINGS = (Column("order_token", "Ordernummer", "Order number", ("Bestellnummer",)), Column("size", "Größe", "Size"))


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
