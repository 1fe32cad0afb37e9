"""Whichever worker dies, and however many there are: each order is booked once."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from threading import Event

import pytest
from django.db import DEFAULT_DB_ALIAS, connection, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from accredit.conversions.booking import Booked, book_next
from accredit.conversions.erasing import erase
from accredit.conversions.models import Conversion
from accredit.programs.models import Program
from accredit.tracking.operations import make_partitions
from tests.conversions.test_loading import CLICKS, ITEMS, ORDERS, content
from tests.factories.arriving import arrive, queue
from tests.factories.installing import NOW, SHOP, clicks, install, items, load, orders

pytestmark = pytest.mark.django_db(transaction=True)

SCRIPT = Path(__file__).with_name("booking_process.py")
CHECKOUT = SCRIPT.parents[2]
PATIENCE_SECONDS = 300
FATAL_WRITES = [
    (4, "all written, and taken out of the queue, not committed"),
    (7, "a batch committed, and the items of the next written"),
]
"""Four writes a batch of three: conversions, decisions, items, and the removal from the queue."""


def book(fatal_write: int = 0) -> int:
    arguments = [sys.executable, str(SCRIPT), str(fatal_write)]
    return subprocess.run(arguments, check=False, cwd=CHECKOUT, timeout=600).returncode


def shops() -> tuple[Program, Program]:
    """A program into which everything was loaded from files, and one for which the same orders wait."""
    loaded, live = install(), install(SHOP.replace('code = "anvils"', 'code = "hammers"'))
    placed = orders(ORDERS)
    load(loaded, clicks(CLICKS), placed, items(ITEMS, placed))
    load(live, clicks(CLICKS))
    arrive(live.id, "hammers", placed, items(ITEMS, placed))
    return loaded, live


def all_booked(program: Program, orders: int) -> bool:
    return Conversion.objects.filter(program=program).count() == orders


def eventually(what: str, true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < deadline, f"not within {PATIENCE_SECONDS} seconds: {what}"
        time.sleep(0.02)


@contextmanager
def workers(number: int) -> Iterator[list["subprocess.Popen[bytes]"]]:
    """So many workers as they are run, which end as they are asked to."""
    command = [sys.executable, "-m", "accredit", "worker"]
    started = [subprocess.Popen(command, cwd=CHECKOUT) for _ in range(number)]
    try:
        yield started
        for one in started:
            one.send_signal(signal.SIGTERM)
        assert [one.wait(PATIENCE_SECONDS) for one in started] == [0] * number
    finally:
        for one in started:
            one.kill()
            one.wait()


def test_a_worker_that_is_killed_anywhere_leaves_its_work_to_the_next() -> None:
    loaded, live = shops()
    for fatal_write, where in FATAL_WRITES:
        assert book(fatal_write) == -signal.SIGKILL, where
        found = content(live)
        booked = [row[0] for row in found["conversions"]]
        assert [row[0] for row in found["decisions"]] == booked, where
        assert [row[0] for row in found["items"]] == [token for token in ("2", "4", "4") if token in booked], where
        assert len(booked) + sum(rows for *_, rows in queue()) == 7, where
    assert book() == 0
    assert content(live) == content(loaded)
    assert queue() == []


def test_two_workers_book_as_it_comes_and_live_through_a_lost_database() -> None:
    loaded, live = shops()
    with workers(2):
        eventually("what waited is booked", partial(all_booked, live, 7))
        assert content(live) == content(loaded)
        make_partitions("tracking_conversion_event", [datetime.now(UTC).date()])
        for round_, cut in enumerate([False, True, False]):
            if cut:
                _cut_off_everybody_else()
            lines = [f"{round_}-{n} | T | 1.00 | v{1 + n % 4}" for n in range(40)]
            for part in (lines[:20], lines[20:]):
                text = "\n".join(["order | at | turnover | visitor", *part])
                arrive(live.id, "hammers", orders(text), now=datetime.now(UTC))
            eventually("booked", partial(all_booked, live, 7 + 40 * (round_ + 1)))
    with connection.cursor() as cursor:
        cursor.execute("select count(*), count(distinct conversion_id) from conversions_decision where program_id = %s",
                       [live.id])  # fmt: skip
        assert cursor.fetchone() == (127, 127)
    assert queue() == []


def test_who_is_erased_while_their_order_is_booked_is_named_by_nobody() -> None:
    program = install()
    arrive(program.id, "anvils", orders("order | at | turnover | visitor | customer_id\n 1 | T | 10.00 | v1 | c1"))
    written, may_end = Event(), Event()

    def book_slowly() -> None:
        with closing_all(), transaction.atomic():
            assert book_next(program.id, "anvils", now=NOW) == Booked(1)
            written.set()
            assert may_end.wait(PATIENCE_SECONDS)

    def erase_them() -> None:
        with closing_all():
            erase(["v1"])

    with ThreadPoolExecutor() as threads:
        booking = threads.submit(book_slowly)
        assert written.wait(PATIENCE_SECONDS)
        erasing = threads.submit(erase_them)
        try:
            eventually("who erases waits for who books", somebody_waits)
        finally:
            may_end.set()
        booking.result()
        erasing.result()
    assert Conversion.objects.values_list("order_token", "visitor_id", "customer_id").get() == ("1", None, None)


def closing_all() -> "closing[BaseDatabaseWrapper]":
    """The connection of this thread, closed at the end."""
    return closing(connections[DEFAULT_DB_ALIAS])


def somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "select 1 from pg_stat_activity"
            " where datname = current_database() and cardinality(pg_blocking_pids(pid)) > 0"
        )
        return cursor.fetchone() is not None


def _cut_off_everybody_else() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()"
            " and pid <> pg_backend_pid() and usename = current_user"
        )
