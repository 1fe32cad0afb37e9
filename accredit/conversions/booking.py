"""From the queue to conversions: each event credited, priced and recorded exactly once, whoever dies meanwhile."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import polars as pl
from django.db import DatabaseError, InterfaceError, OperationalError, connection, transaction

from accredit.conversions.operations import OrdersNotPriced, book
from accredit.conversions.received import as_frames
from accredit.engine.trace import TOO_LARGE
from accredit.programs.models import EventType, Program
from accredit.programs.operations import lock_program, try_lock_program
from accredit.tracking import pending

BATCH_ROWS = 20_000
"""Rows of one transaction at most. The journeys of very many visitors cost little more than those of many."""
PATIENCE_SECONDS = 1
_OF_THE_DATABASE = ("08", "25", "40", "53", "55", "57", "58")
"""Classes of errors that say nothing of the rows: lost connections, locks, disks that are full, an end that was asked
for."""


@dataclass(frozen=True, slots=True)
class Booked:
    """What became of the rows that were taken: `held` ones wait for somebody, with a reason."""

    booked: int = 0
    held: int = 0

    def __add__(self, other: "Booked") -> "Booked":
        return Booked(self.booked + other.booked, self.held + other.held)


def book_next(
    program_id: UUID, code: str, *, now: datetime, wait: bool = False, rows: int = BATCH_ROWS
) -> Booked | None:
    """Book what waits longest for a program, in one transaction. None where somebody else holds the program; with
    `wait`, only where that lasts for PATIENCE_SECONDS. Raises OperationalError when the database goes away: then all of
    it still waits."""
    with transaction.atomic():
        if not (_locked_in_time(code) if wait else try_lock_program(code)):
            return None
        return _book_rows(program_id, pending.take(program_id, rows), now)


def _locked_in_time(code: str) -> bool:
    """Whether the program is held now. Waiting takes a place in the line, which asking again and again does not."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"set local lock_timeout = '{PATIENCE_SECONDS}s'")
            lock_program(code)
            cursor.execute("set local lock_timeout = 0")
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", None) == "55P03":  # lock not available
            return False
        raise
    return True


def _book_rows(program_id: UUID, events: pl.DataFrame, now: datetime) -> Booked:
    """Book events (PENDING) of a program whose lock is held; hold those that have no place to go."""
    program = Program.objects.filter(id=program_id).first()
    if program is None:
        return _held(events, pending.UNKNOWN_PROGRAM)
    types = list(EventType.objects.filter(program_id=program_id).values_list("code", flat=True))
    known = pl.col("event_type").is_in(types)
    unknown = _held(events.filter(~known), pending.UNKNOWN_EVENT_TYPE)
    return unknown + _book_known(program_id, events.filter(known), now)


def _book_known(program_id: UUID, events: pl.DataFrame, now: datetime) -> Booked:
    """Book events of known types. Those that cannot be booked do not keep the others: they are held alone."""
    if events.is_empty():
        return Booked()
    try:
        with transaction.atomic():
            conversions, items = as_frames(events)
            signed = events["signed"] == "t"
            book(program_id, conversions, items, events["id"], now=now, signed=signed)
            pending.remove(events["id"])
    except OrdersNotPriced as error:
        named = pl.int_range(len(events), eager=True).is_in(error.conversions)
        return _held(events.filter(named), pending.CANNOT_BE_PRICED, TOO_LARGE) + _book_known(
            program_id, events.filter(~named), now
        )
    except (Exception, pl.exceptions.PanicException) as error:
        if is_of_the_database(error):
            raise
        if len(events) == 1:
            return _held(events, pending.FAILED, _without_content(error))
        half = len(events) // 2
        return _book_known(program_id, events[:half], now) + _book_known(program_id, events[half:], now)
    return Booked(booked=len(events))


def _held(events: pl.DataFrame, reason: str, detail: str | None = None) -> Booked:
    if len(events):
        pending.hold(events["id"], reason, detail)
    return Booked(held=len(events))


def is_of_the_database(error: BaseException) -> bool:
    """Whether it says nothing of what was to be written."""
    if not isinstance(error, OperationalError | InterfaceError):
        return False
    state = getattr(error.__cause__, "sqlstate", None)
    return state is None or state[:2] in _OF_THE_DATABASE


def _without_content(error: BaseException) -> str:
    """What went wrong, without the values that the message may repeat."""
    cause = error.__cause__ if isinstance(error, DatabaseError) and error.__cause__ else error
    constraint = getattr(getattr(cause, "diag", None), "constraint_name", None)
    return f"{type(cause).__name__}{f': {constraint}' if constraint else ''}"
