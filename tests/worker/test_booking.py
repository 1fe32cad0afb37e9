"""What comes in is booked once, as a file of the same orders would be, and what cannot be booked is held."""

import random
import string
from threading import Event

import pytest
from django.db import connection

from accredit.conversions.booking import Booked, book_next
from accredit.conversions.models import Conversion, Decision
from accredit.tracking import pending
from accredit.worker.booking import book_round
from tests.conversions.test_loading import CLICKS, ITEMS, ORDERS, content
from tests.factories.arriving import arrive, queue
from tests.factories.installing import NOW, SHOP, clicks, install, items, load, orders

pytestmark = pytest.mark.django_db


def book_all() -> Booked:
    done = Booked()
    while (step := book_round(Event())) != Booked():
        done += step
    return done


@pytest.mark.parametrize("rows", [1, 3, 100])
def test_what_comes_in_is_booked_as_a_file_is(rows: int) -> None:
    loaded, live = install(), install(SHOP.replace('code = "anvils"', 'code = "hammers"'))
    placed = orders(ORDERS)
    load(loaded, clicks(CLICKS), placed, items(ITEMS, placed))
    load(live, clicks(CLICKS))
    arrive(live.id, "hammers", placed, items(ITEMS, placed))
    while (done := book_next(live.id, "hammers", now=NOW, rows=rows)) != Booked():
        assert done
        assert 0 < done.booked <= rows
    assert content(live) == content(loaded)
    assert queue() == []
    assert {*Conversion.objects.filter(program=live).values_list("signed", flat=True)} == {True}
    events = {*Decision.objects.filter(program=live).values_list("event_id", flat=True)}
    with connection.cursor() as cursor:
        cursor.execute("select id from tracking_conversion_event where program_id = %s", [live.id])
        assert events == {key for (key,) in cursor.fetchall()}


def test_an_order_without_a_time_occurred_when_it_came() -> None:
    program = install()
    arrive(program.id, "anvils", orders("order | at | turnover\n 1 | T | 10.00"), without_time=True, signed=False)
    assert book_all() == Booked(1)
    assert Conversion.objects.values_list("occurred_at", "signed").get() == (NOW, False)


def test_what_cannot_be_booked_is_held_and_keeps_nothing_else() -> None:
    program = install(SHOP.replace('percent = "10"', 'percent = "1000"'))
    placed = orders("""
        order | at | turnover         | codes
        1     | T  | 10.00            | anvil10
        2     | T  | 9999999999999.99 | anvil10
        3     | T  | 20.00            | anvil10
    """)
    arrive(program.id, "anvils", placed)
    arrive(program.id, "anvils", orders("order | at | turnover\n 1 | T | 10.00", "trade-in"))
    arrive(program.id, "anvils", orders("order | at | turnover\n 4 | T | 10.00"))
    with connection.cursor() as cursor:
        cursor.execute("update tracking_pending set received = '{\"turnover_minor\": {}}' where order_token = '3'")
    assert book_all() == Booked(2, 3)
    assert [*Conversion.objects.order_by("order_token").values_list("order_token", flat=True)] == ["1", "4"]
    held = {(row.order_token, row.event_type, row.reason) for row in pending.held()}
    assert held == {("2", "sale", "cannot_be_priced"), ("3", "sale", "failed"), ("1", "trade-in", "unknown_event_type")}
    assert book_all() == Booked()


def test_a_text_that_no_index_takes_is_held_alone() -> None:
    """PostgreSQL calls that an operational error, as it does a lost connection."""
    program = install()
    chance = random.Random(1)
    long = "".join(chance.choices(string.ascii_letters, k=9_000))
    arrive(program.id, "anvils", orders(f"order | at | turnover | status\n 1 | T | 1.00 | {long}\n 2 | T | 1.00 | N"))
    assert book_all() == Booked(1, 1)
    assert [(row.order_token, row.detail) for row in pending.held()] == [("1", "ProgramLimitExceeded")]
