"""The conversion list: filters, orders, and pages that never lose or repeat a row."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date

import pytest
from django.db import connection

from accredit.conversions.listing import (
    ORDERS,
    Cursor,
    CursorError,
    Filters,
    Order,
    Total,
    conversion_of,
    cursor_from_text,
    page_of,
    totals_of,
)
from accredit.conversions.models import Conversion
from accredit.programs.visibility import Viewpoint
from tests.factories.installing import clicks, install, load, orders
from tests.factories.people import open_shop
from tests.factories.tables import table

pytestmark = pytest.mark.django_db

BOTH = [Order(name, descending) for name in ORDERS for descending in (False, True)]


@pytest.fixture
def everything() -> Viewpoint:
    return Viewpoint(open_shop().program, None)


def tokens(rows: Sequence[Conversion]) -> str:
    return " ".join(row.order_token for row in rows)


@pytest.mark.parametrize(
    "row",
    table("""
        order       | tokens
        -time       | 1001 1006 1005 1003 1004 1002
        time        | 1002 1004 1003 1005 1006 1001
        -turnover   | 1001 1003 1002 1005 1004 1006
        turnover    | 1006 1004 1005 1002 1003 1001
        -commission | 1001 1005 1002 1006 1004 1003
    """),
    ids=lambda row: row["order"],
)
def test_orders(everything: Viewpoint, row: dict[str, str]) -> None:
    order = Order(row["order"].removeprefix("-"), row["order"].startswith("-"))
    found = page_of(everything, Filters(), order).rows
    if order.name == "commission":  # the last three have none, and follow in the order of their keys
        assert tokens(found[:3]) == row["tokens"][:14]
        assert {one.order_token for one in found[3:]} == set(row["tokens"][15:].split())
    else:
        assert tokens(found) == row["tokens"]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(credited_to="partner", credited_code="barb"), "1001 1006 1005"),
        (Filters(credited_to="channel", credited_code="email"), "1003"),
        (Filters(credited_to="none"), "1004"),
        (Filters(status="open"), "1001 1006 1005 1003 1004 1002"),
        (Filters(status="approved"), ""),
        (Filters(customer_status="New"), "1001 1005"),
        (Filters(customer_status="vip"), "1004"),
        (Filters(event_type="sale", order_token="1005"), "1005"),
        (Filters(event_type="lead"), ""),
        (Filters(first_date=date(2026, 3, 1)), "1001 1006 1005 1003 1004"),
        (Filters(last_date=date(2026, 2, 28)), "1002"),
        (Filters(first_date=date(2026, 3, 1), last_date=date(2026, 3, 1), customer_status="New"), "1001 1005"),
    ],
    ids=str,
)
def test_filters(everything: Viewpoint, filters: Filters, expected: str) -> None:
    assert tokens(page_of(everything, filters, Order()).rows) == expected
    assert sum(total.conversions for total in totals_of(everything, filters)) == len(expected.split())


def test_days_are_those_of_the_programs_zone() -> None:
    program = install()
    load(program, orders=orders("""
        order | at         | turnover
        late  | T-7h-1min  | 1.00
        early | T-7h       | 1.00
    """))  # fmt: skip
    view = Viewpoint(program, None)  # in New York, T is seven o'clock in the morning
    days = {day: tokens(page_of(view, Filters(first_date=day, last_date=day), Order()).rows)
            for day in (date(2026, 2, 28), date(2026, 3, 1))}  # fmt: skip
    assert days == {date(2026, 2, 28): "late", date(2026, 3, 1): "early"}


def test_a_partner_sees_and_sums_its_own_conversions_only(everything: Viewpoint) -> None:
    barb = replace(everything, partners=frozenset({"barb"}))
    assert tokens(page_of(barb, Filters(), Order()).rows) == "1001 1006 1005"
    assert tokens(page_of(barb, Filters(credited_to="partner", credited_code="ann"), Order()).rows) == ""
    assert totals_of(barb, Filters()) == [Total("USD", 3, 19827, 2246 + 0 + 750)]
    other = page_of(everything, Filters(credited_to="channel"), Order()).rows[0]
    with pytest.raises(Conversion.DoesNotExist):
        conversion_of(barb, other.id)
    assert conversion_of(everything, other.id) == other


def many() -> Viewpoint:
    """Sixty orders; many share their time, their turnover or both, some are in another currency."""
    program = install()
    text = "order | at | turnover | currency | visitor\n" + "\n".join(
        f"{n} | T-{n % 7}h | {n % 5}.00 | {'EUR' if n % 9 == 0 else 'USD'} | v{n}" for n in range(60)
    )
    journeys = "click | at | visitor | party\n" + "\n".join(f"c{n} | T-1d | v{n} | barb" for n in range(0, 60, 2))
    load(program, clicks(journeys), orders(text))
    return Viewpoint(program, None)


def walk(view: Viewpoint, order: Order, rows: int, step: Callable[[Cursor | None], Cursor | None]) -> list[str]:
    """The tokens of all pages from the first on, each cursor sent through its text, and every page also backwards."""
    seen: list[str] = []
    cursor: Cursor | None = None
    while True:
        page = page_of(view, Filters(), order, cursor, rows=rows)
        assert page.rows_before == len(seen)
        if page.before:
            behind = page_of(view, Filters(), order, again(page.before, order), rows=rows)
            assert [row.order_token for row in behind.rows] == seen[-rows:]
            assert behind.rows_before == len(seen) - rows
        else:
            assert not seen
        seen += [row.order_token for row in page.rows]
        if page.after is None:
            return seen
        cursor = step(page.after)


def again(cursor: Cursor | None, order: Order) -> Cursor | None:
    return cursor and cursor_from_text(cursor.to_text(), order, backwards=cursor.backwards)


@pytest.mark.parametrize("order", BOTH, ids=str)
def test_pages_hold_every_row_once_in_order(order: Order) -> None:
    view = many()
    whole = [row.order_token for row in page_of(view, Filters(), order, rows=100).rows]
    assert len(set(whole)) == 60
    assert walk(view, order, 7, lambda cursor: again(cursor, order)) == whole
    assert walk(view, order, 20, lambda cursor: again(cursor, order)) == whole


def test_amounts_of_different_currencies_are_not_compared() -> None:
    rows = page_of(many(), Filters(), Order("turnover", descending=False)).rows
    keys = [(row.currency, row.turnover_minor) for row in rows]
    assert keys == sorted(keys)
    assert len({currency for currency, _minor in keys}) == 2


@pytest.mark.parametrize("order", BOTH, ids=str)
def test_a_later_page_is_found_through_an_index_without_sorting(order: Order) -> None:
    view = many()
    cursor = page_of(view, Filters(), order, rows=20).after
    with connection.cursor() as db:
        db.execute("set local enable_seqscan = off")
        db.execute("set local enable_bitmapscan = off")
    queries: list[str] = []

    def explained(execute: Callable[..., object], query: str, params: object, *rest: object) -> object:
        if "conversions_conversion" in query:
            with connection.cursor() as db:
                db.cursor.execute(f"explain {query}", params)
                queries.append("\n".join(line for (line,) in db.fetchall()))
        return execute(query, params, *rest)

    with connection.execute_wrapper(explained):
        page_of(view, Filters(), order, cursor, rows=20)
    (plan,) = queries
    assert "Index Cond" in plan
    assert "ROW(" in plan
    assert "Sort" not in plan


@pytest.mark.parametrize(
    "text",
    ["", "1", "x.1.cv_00000000000000000000000000", "1.1.cv_0", "1.9999999999999999999999.cv_00000000000000000000000000",
     "1.USD.5.cv_00000000000000000000000000", "1.1.rq_00000000000000000000000000",
     "-1.1.cv_00000000000000000000000000", "١.1.cv_00000000000000000000000000"],
)  # fmt: skip
def test_a_text_that_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(CursorError):
        cursor_from_text(text, Order("time"), backwards=False)
