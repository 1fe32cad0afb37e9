"""The loop that books what comes in, as soon as it is told of it."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Event
from typing import TYPE_CHECKING

import psycopg
from django.db import DatabaseError, InterfaceError, connection, connections

from accredit.conversions.booking import Booked, book_next
from accredit.tracking.pending import waiting_programs

if TYPE_CHECKING:
    from django.db.backends.postgresql.base import DatabaseWrapper

POLL_SECONDS = 1.0
"""How long word of new events is waited for; then it is looked whether there are any."""
AGAIN_SECONDS = 1.0
log = logging.getLogger(__name__)


def keep_booking(stop: Event) -> None:
    """Book until `stop` is set; whatever is begun is finished. Without the database, wait for it."""
    answered = True
    while not stop.is_set():
        try:
            with _listening() as listener:
                if not answered:
                    log.warning("The database answers again.")
                answered = True
                while not stop.is_set():
                    done = book_round(stop)
                    if not (done.booked or done.held):
                        for _word in listener.notifies(timeout=POLL_SECONDS, stop_after=1):
                            pass
        except (DatabaseError, InterfaceError, psycopg.Error):
            if answered:
                log.warning("Booking is interrupted, and tried again", exc_info=True)
            answered = False
            connection.close()
            stop.wait(AGAIN_SECONDS)


def book_round(stop: Event) -> Booked:
    """Book a batch of every program for which something waits; what was done."""
    done = Booked()
    busy = []
    for program_id, code in waiting_programs():
        if stop.is_set():
            return done
        booked = book_next(program_id, code, now=datetime.now(UTC))
        if booked is None:
            busy.append((program_id, code))
        else:
            _tell(code, booked)
            done += booked
    # Others work on all that waits: take a place in the line of one, so that a long load does not keep them all out.
    if busy and not (done.booked or done.held):
        program_id, code = busy[0]
        booked = book_next(program_id, code, now=datetime.now(UTC), wait=True) or Booked()
        _tell(code, booked)
        done += booked
    return done


def _tell(code: str, booked: Booked) -> None:
    if booked.held:
        log.warning("Events of %s that wait for somebody: %d; see `accredit intake list`", code, booked.held)
    log.info("Conversions of %s booked: %d", code, booked.booked)


@contextmanager
def _listening() -> Iterator["psycopg.Connection"]:
    """A connection of its own that hears of new events."""
    wrapper: DatabaseWrapper = connections.create_connection(connection.alias)  # type: ignore[assignment]
    try:
        with wrapper.cursor() as cursor:
            cursor.execute("listen accredit_pending")
        yield wrapper.connection
    finally:
        wrapper.close()
