"""What the intake says of the last days: held, in conflict, counted; and the shop's words."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from accredit.conversions.intake import came_in, intake_of, words_of
from accredit.database.keys import key_of_unknown_program
from accredit.programs.models import EventType, Program
from tests.factories.installing import NOW, clicks, install, load, orders
from tests.factories.intake import hold, send

pytestmark = pytest.mark.django_db
CLICKS = """
    click | at   | visitor | party
    k1    | T-1d | v1      | barb
"""


@pytest.fixture
def program() -> Program:
    return install()


def test_an_order_that_came_again_with_other_content_shows_what_is_different(program: Program) -> None:
    first = "order | at | turnover | status\n 1 | T | 10.00 | N\n 2 | T | 5.00 | N"
    again = "order | at | turnover | status\n 1 | T | 12.00 | E\n 2 | T | 5.00 | N"
    load(program, clicks(CLICKS), orders(first))
    load(program, clicks(CLICKS), orders(again))

    [conflict] = intake_of(program, now=NOW).conflicts

    assert (conflict.event_type, conflict.order_token, conflict.signed, conflict.currency) == ("sale", "1", None, "USD")
    assert [(one.field, one.recorded, one.came) for one in conflict.differences] == [
        ("turnover_minor", 1000, 1200),
        ("customer_status_word", "N", "E"),
    ]


def test_an_order_of_another_visitor_click_or_customer_is_the_same_order(program: Program) -> None:
    table = "order | at | turnover | visitor | click | customer_id\n 1 | T | 10.00 |"
    load(program, clicks(CLICKS), orders(f"{table} v1 | k1 | c1"))
    load(program, clicks(CLICKS), orders(f"{table} v2 | k2 | c2"))

    assert intake_of(program, now=NOW).conflicts == []


def test_held_orders_are_counted_by_reason_and_listed_the_latest_first(program: Program) -> None:
    unknown = key_of_unknown_program("anvils")
    hold(program.id, "club", "1", reason="unknown_event_type", at=NOW - timedelta(hours=2))
    hold(program.id, "club", "2", reason="unknown_event_type", at=NOW - timedelta(hours=1), signed=True)
    hold(unknown, "sale", "3", reason="unknown_program", at=NOW - timedelta(minutes=1))
    hold(program.id, "sale", "4", reason=None, at=NOW)

    found = intake_of(program, now=NOW)

    assert found.waiting == 1
    assert [(one.reason, one.orders, one.since) for one in found.counts] == [
        ("unknown_event_type", 2, NOW - timedelta(hours=2)),
        ("unknown_program", 1, NOW - timedelta(minutes=1)),
    ]
    assert [(one.order_token, one.reason, one.signed) for one in found.held] == [
        ("3", "unknown_program", False),
        ("2", "unknown_event_type", True),
        ("1", "unknown_event_type", False),
    ]


def test_days_are_those_of_the_program_s_time_zone(program: Program) -> None:
    load(program, clicks(CLICKS), orders("order | at | turnover\n 1 | T | 10.00"))
    send(program, "2", at=NOW.replace(hour=3), source="server", signed=True)
    send(program, "3", at=NOW.replace(hour=5), source="tag", signed=False)
    send(program, "3", at=NOW.replace(hour=6), source="tag", signed=False, turnover_minor=7)
    send(program, "4", at=NOW - timedelta(days=20), source="tag", signed=False)

    days = [(f"{d.day}", d.signed, d.unsigned, d.from_files, d.conflicts) for d in intake_of(program, now=NOW).days]

    # New York is four hours behind: its day begins at 4 o'clock.
    assert days == [("2026-03-20", 0, 1, 1, 1), ("2026-03-19", 1, 0, 0, 0)]


def word_rows(program: Program, now: datetime = NOW) -> Sequence[tuple[str, str, int, str | None, str]]:
    return [(one.event_type, one.word, one.orders, one.status, one.sample_token) for one in words_of(program, now=now)]


def test_words_are_mapped_as_the_program_would_today(program: Program) -> None:
    sales = """
        order | at   | turnover | status
        1     | T    | 1.00     | N
        2     | T-1h | 1.00     | n
        3     | T-2h | 1.00     | N
        4     | T-3h | 1.00     | vip
        5     | T-4h | 1.00     | -
    """
    leads = """
        order | at   | turnover | status
        6     | T    | 0.00     | Existing
        7     | T-1h | 0.00     | N
    """
    load(program, clicks(CLICKS), orders(sales))
    load(program, clicks(CLICKS), orders(leads, "lead"))

    assert word_rows(program) == [
        ("lead", "Existing", 1, "Existing", "6"),
        ("lead", "N", 1, None, "7"),
        ("sale", "N", 2, "New", "1"),
        ("sale", "", 1, None, "5"),
        ("sale", "n", 1, "New", "2"),
        ("sale", "vip", 1, None, "4"),
    ]

    EventType.objects.filter(program=program, code="sale").update(customer_status=[["Friend", ["vip"]]])
    assert ("sale", "vip", 1, "Friend", "4") in word_rows(program)
    assert word_rows(program, NOW + timedelta(days=15)) == []


def test_how_an_order_came_in(program: Program) -> None:
    load(program, clicks(CLICKS), orders("order | at | turnover\n 1 | T | 10.00"))
    send(program, "2", at=NOW, source="server", signed=True)
    send(program, "2", at=NOW, source="tag", signed=False, turnover_minor=7)

    one, two = came_in(program.id, "sale", "1"), came_in(program.id, "sale", "2")

    assert one is not None
    assert one.signed is None
    assert two is not None
    assert (two.source, two.signed) == ("server", True)
    assert came_in(program.id, "sale", "3") is None


def test_nothing_came_in(program: Program) -> None:
    found = intake_of(program, now=NOW)

    assert (found.waiting, found.counts, found.held, found.conflicts, found.days) == (0, [], [], [], [])
    assert words_of(program, now=NOW) == []
