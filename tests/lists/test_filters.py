"""Filters as parameters of an address: what is understood, what is told to be wrong, and one way to write it."""

from urllib.parse import parse_qsl, urlencode

import pytest

from accredit.conversions.columns import COLUMNS
from accredit.conversions.listing import CONVERSIONS
from accredit.lists.columns import Kind
from accredit.lists.filters import MAX_VALUES, FilterError, bounds, minor_bound
from tests.factories.tables import table


@pytest.mark.parametrize(
    "row",
    table("""
        given                                   | written
        status=open&status=open&status=approved | status=open&status=approved
        q=1001                                  | order=1001
        since=2026-03-01&until=2026-03-31       | time.from=2026-03-01&time.until=2026-03-31
        sub1.starts=a&status=open               | status=open&sub1.starts=a
        order=1%0D%0A2%0A%0A+3+                 | order=1&order=2&order=3
        turnover.from=10,5                      | turnover.from=10.5
        turnover.from=1&turnover.currency=gbp   | turnover.from=1&turnover.currency=GBP
        turnover.currency=GBP                   | -
        item_count.from=007                     | item_count.from=7
        sort=-time&after=5&columns=time&seen=x  | -
        status=&order.starts=                   | -
    """),
    ids=lambda row: row["given"],
)
def test_an_address_is_written_in_one_way(row: dict[str, str]) -> None:
    filters = CONVERSIONS.filters_from(parse_qsl(row["given"], keep_blank_values=True))
    assert urlencode(filters.parameters()) == row["written"].replace("-", "", 1 if row["written"] == "-" else 0)
    assert CONVERSIONS.filters_from(filters.parameters()) == filters


@pytest.mark.parametrize(
    "text",
    ["status=maybe", "status.starts=o", "order.is=empty", "order.from=1", "time.from=tomorrow", "time.from=2026-02-30",
     "time=2026-03-01", "turnover=5", "turnover.from=-5", "turnover.from=1e9", "turnover.from=1.000,00",
     "turnover.from=1&turnover.currency=XXY", "item_count.from=٣", "item_count.from=1.5", "signed=perhaps", "id=1001",
     "customer.is=full", "ad.near=x", "ad=a%00b", f"ad={'x' * 201}", "time.from=2026-03-01&time.from=2026-03-02"],
)  # fmt: skip
def test_what_filters_nothing_is_refused_and_told(text: str) -> None:
    parameters = parse_qsl(text)
    with pytest.raises(FilterError):
        CONVERSIONS.filters_from(parameters)
    filters, wrong = CONVERSIONS.read(parameters)
    assert wrong == parameters[-1:]
    assert len(filters.parameters()) <= 1


def test_a_thousand_order_numbers_and_no_more() -> None:
    filters, wrong = CONVERSIONS.read([("order", "\n".join(map(str, range(MAX_VALUES + 2))))])
    assert len(filters.parameters()) == MAX_VALUES
    assert wrong == [("order", str(MAX_VALUES)), ("order", str(MAX_VALUES + 1))]


def test_columns_that_are_not_there_are_wrong() -> None:
    partners = {name: column for name, column in COLUMNS.items() if not column.for_owners}
    filters, wrong = CONVERSIONS.read([("signed", "yes"), ("status", "open")], partners)
    assert filters.parameters() == [("status", "open")]
    assert wrong == [("signed", "yes")]


def test_bounds_of_amounts_go_to_the_next_that_there_is() -> None:
    filters = CONVERSIONS.filters_from([("turnover.from", "10.005"), ("turnover.until", "10.999")])
    low, high = bounds(filters, "turnover")
    assert low is not None
    assert high is not None
    assert minor_bound(low, "EUR", up=True) == 1001
    assert minor_bound(high, "EUR", up=False) == 1099
    assert minor_bound(high, "JPY", up=False) == 10


def test_every_column_can_be_filtered_and_knows_its_fields() -> None:
    from accredit.conversions.listing import ADDED
    from accredit.conversions.models import Conversion

    fields = {field.name for field in Conversion._meta.get_fields()} | set(ADDED)
    for column in COLUMNS.values():
        assert fields >= {*column.fields, *column.sort}
        assert "visitor_id" not in column.fields
        assert "customer_id" not in column.fields
        assert column.kind != Kind.MONEY or "currency" in column.fields
