"""Months that are closed: one after the other, once over, and for good."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from django.db import connection

from accredit.ledger.checks import check
from accredit.ledger.frames import Account, AccountKind
from accredit.ledger.operations import EntriesRefused, MonthStaysOpen, close_month, post, reverse
from accredit.ledger.queries import end_of_month, month_to_close, statement
from tests.factories.tables import T
from tests.ledger.entries import NOW, postings, program, standing

pytestmark = pytest.mark.django_db

AsOwner = Callable[[], AbstractContextManager[None]]

JANUARY, FEBRUARY, MARCH = date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)
APPROVALS = """
    key | at            | from | to   | amount
    a   | T-40d         | owes | barb | 10.00
    b   | T-28d-12h-1us | owes | ann  | 5.00
    c   | T-28d-12h     | owes | barb | 2.00
    d   | T             | owes | ann  | 0.50
"""
"""T is noon of 1 March: January ends with the microsecond of b."""


@pytest.fixture
def shop() -> UUID:
    shop = program()
    post(shop, postings(APPROVALS), now=NOW)
    return shop


def closings(shop: UUID) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "select to_char(month, 'Mon'), coalesce(partner, 'owes'), balance_minor"
            " from ledger_closing closing join ledger_account account"
            " on account.program_id = closing.program_id and account.id = closing.account"
            " where closing.program_id = %s order by month, partner nulls first",
            [shop],
        )
        return list(cursor.fetchall())


def test_a_closing_has_every_account_as_the_month_ended(shop: UUID) -> None:
    before = standing(shop)
    assert close_month(shop, JANUARY, now=NOW)
    assert closings(shop) == [("Jan", "owes", -1500), ("Jan", "ann", 500), ("Jan", "barb", 1000)]
    assert close_month(shop, FEBRUARY, now=NOW)
    assert closings(shop)[3:] == [("Feb", "owes", -1700), ("Feb", "ann", 500), ("Feb", "barb", 1200)]
    assert standing(shop) == before
    assert standing(shop, until=end_of_month(JANUARY)) == "owes USD -15.00, ann USD 5.00, barb USD 10.00"
    assert standing(shop, until=end_of_month(JANUARY) - timedelta(microseconds=1)) == (
        "owes USD -10.00, ann USD 0.00, barb USD 10.00"
    )
    assert standing(shop, partner="barb", until=T - timedelta(days=20)) == "barb USD 12.00"
    found = statement(shop, Account(AccountKind.PARTNER_EARNED, "ann", "USD"), end_of_month(FEBRUARY), NOW)
    assert (found.opening_minor, found.closing_minor) == (500, 550)
    assert check(shop).rows() == []


def test_balances_read_only_what_was_posted_since_the_closing(shop: UUID, as_owner: AsOwner) -> None:
    close_month(shop, JANUARY, now=NOW)
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("alter table ledger_closing disable trigger append_only")
        cursor.execute("update ledger_closing set balance_minor = 0 where program_id = %s", [shop])
    assert standing(shop) == "owes USD -2.50, ann USD 0.50, barb USD 2.00"


def test_a_month_is_closed_once(shop: UUID) -> None:
    assert close_month(shop, JANUARY, now=NOW)
    kept = closings(shop)
    assert not close_month(shop, JANUARY, now=NOW + timedelta(days=1))
    assert closings(shop) == kept


def test_nothing_is_posted_into_a_closed_month(shop: UUID) -> None:
    close_month(shop, JANUARY, now=NOW)
    late = postings("""
        key | at            | from | to   | amount
        y   | T-28d-12h     | owes | barb | 1.00
        x   | T-28d-12h-1us | owes | barb | 1.00
        w   | T-400d        | owes | barb | 1.00
    """)
    with pytest.raises(EntriesRefused, match="'x': It lies in a month that is closed; post it with") as refused:
        post(shop, late, now=NOW)
    assert refused.value.refusals["key"].to_list() == ["x", "w"]
    assert post(shop, late[:1], now=NOW)["new"].all()
    assert not post(shop, postings(APPROVALS), now=NOW)["new"].any()


def test_what_lies_in_a_closed_month_is_taken_back_now(shop: UUID) -> None:
    close_month(shop, JANUARY, now=NOW)
    assert reverse(shop, [1], cause="cv_1 2", now=NOW)["new"].all()
    assert standing(shop, partner="barb") == "barb USD 2.00"
    assert standing(shop, partner="barb", until=end_of_month(JANUARY)) == "barb USD 10.00"
    assert not reverse(shop, [1], cause="cv_1 2", now=NOW + timedelta(days=70))["new"].any()


@pytest.mark.parametrize(
    ("month", "now", "says"),
    [
        (JANUARY, end_of_month(JANUARY) - timedelta(microseconds=1), "2026-01 runs until 2026-02-01 00:00 UTC"),
        (FEBRUARY, NOW, "2026-02 is not the month to close next: 2026-01 is"),
        (date(2025, 12, 1), NOW, "2025-12 is not the month to close next: 2026-01 is"),
        (date(2026, 1, 2), NOW, "2026-01-02 is no first day of a month"),
    ],
)
def test_months_are_closed_one_after_the_other_when_they_are_over(
    shop: UUID, month: date, now: datetime, says: str
) -> None:
    with pytest.raises(MonthStaysOpen, match=says):
        close_month(shop, month, now=now)
    assert closings(shop) == []


def test_a_month_may_be_closed_in_the_instant_in_which_it_is_over() -> None:
    shop = program()
    end = end_of_month(JANUARY)
    post(shop, postings("key | at | from | to | amount\n a | T-40d | owes | barb | 1.00"), now=end)
    assert close_month(shop, JANUARY, now=end)


def test_there_is_a_month_to_close_once_something_is_posted() -> None:
    shop = program()
    assert month_to_close(shop) is None
    with pytest.raises(MonthStaysOpen, match="Nothing was posted yet"):
        close_month(shop, JANUARY, now=NOW)
    post(shop, postings(APPROVALS)[3:], now=NOW)
    assert month_to_close(shop) == MARCH
    assert close_month(shop, MARCH, now=NOW + timedelta(days=31))
    assert month_to_close(shop) == date(2026, 4, 1)


def test_a_month_in_which_nothing_was_posted_is_closed_too(shop: UUID) -> None:
    for month in (JANUARY, FEBRUARY, MARCH, date(2026, 4, 1), date(2026, 5, 1)):
        assert close_month(shop, month, now=datetime(2026, 6, 1, tzinfo=UTC))
    assert closings(shop)[-3:] == [("May", "owes", -1750), ("May", "ann", 550), ("May", "barb", 1200)]
    assert standing(shop) == "owes USD -17.50, ann USD 5.50, barb USD 12.00"


@pytest.mark.parametrize(
    ("month", "end"),
    [
        (date(2026, 1, 1), datetime(2026, 2, 1, tzinfo=UTC)),
        (date(2026, 12, 1), datetime(2027, 1, 1, tzinfo=UTC)),
        (date(2028, 2, 1), datetime(2028, 3, 1, tzinfo=UTC)),
    ],
)
def test_a_month_ends_where_the_next_one_begins(month: date, end: datetime) -> None:
    assert end_of_month(month) == end
