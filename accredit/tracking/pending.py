"""The queue of events that are not booked yet. Rows without a reason wait for a worker, rows with one for somebody."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

import polars as pl
from django.db import connection, transaction
from psycopg import sql

from accredit.database.copy import copy_out, text_array
from accredit.database.keys import key_of_unknown_program
from accredit.engine.frames import INSTANT, TEXT
from accredit.programs.models import Program

UNKNOWN_PROGRAM = "unknown_program"
UNKNOWN_EVENT_TYPE = "unknown_event_type"
CANNOT_BE_PRICED = "cannot_be_priced"
FAILED = "failed"
UNSIGNED = "unsigned"
"""Given by the database, as the order comes."""
REASONS = (UNKNOWN_PROGRAM, UNKNOWN_EVENT_TYPE, CANNOT_BE_PRICED, FAILED, UNSIGNED)
"""Why a row is held."""
DISCARDED = "discarded"
"""Not signed, and discarded: nobody sees the row any more, but the same order may still come signed."""

PENDING = {
    "id": TEXT,
    "event_type": TEXT,
    "order_token": TEXT,
    "received_at": INSTANT,
    "signed": TEXT,  # t, f, or null
    "visitor_id": TEXT,
    "click_id": TEXT,
    "customer_id": TEXT,
    "received": TEXT,
}
"""Rows of one program, in the order in which they came."""


def waiting_programs() -> Sequence[tuple[UUID, str]]:
    """Id and code of every program for which something waits for a worker."""
    # One step of the index for each program, however long the queue is.
    query = """
        with recursive waiting as (
            (select program_id, program from tracking_pending where reason is null order by program_id limit 1)
            union all
            select next.* from waiting, lateral (
                select program_id, program from tracking_pending
                where reason is null and program_id > waiting.program_id order by program_id limit 1
            ) next
        )
        select program_id, program from waiting
    """
    with connection.cursor() as cursor:
        cursor.execute(query)
        return list(cursor.fetchall())


def take(program_id: UUID, limit: int) -> pl.DataFrame:
    """The rows (PENDING) of a program that wait longest, locked until the end of the transaction; rows that somebody
    else holds are passed over."""
    query = sql.SQL(
        "select {} from tracking_pending where program_id = {} and reason is null order by id limit {}"
        " for update skip locked"
    )
    columns = sql.SQL(", ").join(map(sql.Identifier, PENDING))
    return copy_out(query.format(columns, program_id, limit), PENDING)


def remove(ids: pl.Series) -> None:
    """Take these rows out of the queue: they are booked."""
    _execute(sql.SQL("delete from tracking_pending where id = any({}::uuid[])").format(text_array(ids)))


def hold(ids: pl.Series, reason: str, detail: str | None = None) -> None:
    """Have these rows wait for somebody, with a reason of REASONS. `detail` names no person."""
    query = sql.SQL("update tracking_pending set reason = {}, detail = {} where id = any({}::uuid[])")
    _execute(query.format(reason, detail, text_array(ids)))


@dataclass(frozen=True, slots=True)
class Held:
    """An order that is kept and not booked. `detail` says more than the reason, where there is more to say."""

    program: str
    event_type: str
    order_token: str
    received_at: datetime
    signed: bool | None
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Count:
    """How many orders of a program are in the queue for one reason, and since when; None: they wait for a worker."""

    program: str
    reason: str | None
    orders: int
    since: datetime


def held(code: str | None = None, *, limit: int | None = None) -> Sequence[Held]:
    """The orders that wait for somebody, of one program or of all, the latest first."""
    rows = _rows(
        "select program, event_type, order_token, received_at, signed, reason, coalesce(detail, '')"
        " from tracking_pending where reason is not null and reason <> %(discarded)s and {of}"
        " order by id desc limit %(limit)s",
        code,
        discarded=DISCARDED,
        limit=limit,
    )
    return [Held(*row) for row in rows]


def counts(code: str | None = None) -> Sequence[Count]:
    """What is in the queue, of one program or of all, by program and reason."""
    rows = _rows(
        "select program, reason, count(*), min(received_at) from tracking_pending"
        " where reason is distinct from %(discarded)s and {of}"
        " group by program, reason order by program, count(*) desc, reason",
        code,
        discarded=DISCARDED,
    )
    return [Count(*row) for row in rows]


def of_no_program(limit: int) -> Sequence[Count]:
    """What is held for programs that do not exist, most of it first."""
    rows = _rows(
        "select program, reason, count(*), min(received_at) from tracking_pending where reason = %(reason)s"
        " and not exists (select from programs_program program where program.code = tracking_pending.program)"
        " group by program, reason order by count(*) desc, program limit %(limit)s",
        reason=UNKNOWN_PROGRAM,
        limit=limit,
    )
    return [Count(*row) for row in rows]


def _rows(query: LiteralString, code: str | None = None, **values: Any) -> Sequence[tuple[Any, ...]]:
    """The rows of a query; `{of}` in it stands for the program of this code, or for all programs. What came before the
    program was there lies under the key of its code alone."""
    keys = code and [*Program.objects.filter(code=code).values_list("id", flat=True), key_of_unknown_program(code)]
    with connection.cursor() as cursor:
        cursor.execute(
            query.replace("{of}", "program_id = any(%(keys)s)" if keys else "true"), {**values, "keys": keys}
        )
        return list(cursor.fetchall())


def release(program_id: UUID, reason: str | None = None, order_tokens: Sequence[str] = ()) -> int:
    """Have the held rows of a program wait for a worker again; how many they are: of one reason, or of all but those
    that are not signed, which somebody has to name; of these order tokens, or of all."""
    reasons = [reason] if reason else [one for one in REASONS if one != UNSIGNED]
    with connection.cursor() as cursor:
        cursor.execute(
            "update tracking_pending set reason = null, detail = null"
            " where program_id = %s and reason = any(%s) and (%s or order_token = any(%s))",
            [program_id, reasons, not order_tokens, list(order_tokens)],
        )
        released = int(cursor.rowcount)
        cursor.execute("select pg_notify('accredit_pending', '')")
        return released


def discard(code: str, reason: str, order_tokens: Sequence[str] = ()) -> int:
    """Let go of what is held of a program, which need not be there, for a reason: of these order tokens, or all; how
    many rows. Their events stay."""
    picked = "where program = %s and reason = %s and (%s or order_token = any(%s))"
    if reason == UNSIGNED:
        statement = "update tracking_pending set reason = %s, visitor_id = null, click_id = null, customer_id = null "
    else:
        statement = "delete from tracking_pending "
    values = [DISCARDED] if reason == UNSIGNED else []
    with connection.cursor() as cursor:
        cursor.execute(statement + picked, [*values, code, reason, not order_tokens, list(order_tokens)])
        return int(cursor.rowcount)


def conflicts(since: datetime, code: str | None = None) -> Sequence[tuple[str, int]]:
    """How many orders came since with other content than is recorded, by program; a program that is not there goes by
    the code with which its orders wait, or by its key where none does any more."""
    return [
        (program, orders)
        for program, orders in _rows(
            "select coalesce("
            "  (select code from programs_program where id = program_id),"
            "  (select program from tracking_pending waiting where waiting.program_id = came.program_id limit 1),"
            "  program_id::text"
            " ) as code, orders from ("
            "  select program_id, count(*) as orders from tracking_conversion_event"
            "  where outcome = 'conflict' and received_at >= %(since)s and {of} group by program_id"
            " ) came order by code",
            code,
            since=since,
        )
    ]


def move_to_program(code: str, program_id: UUID) -> int:
    """Have what came for a program before it was there wait for a worker; how many orders that are. The database
    decides which of them are new to the program; those that are not are kept as any that come again."""
    unknown = key_of_unknown_program(code)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("select tracking_make_incoming()")
        cursor.execute(
            """
            with moved as (
                delete from tracking_pending waiting using tracking_conversion_event event
                where waiting.program_id = %(unknown)s
                    and event.program_id = waiting.program_id and event.event_type = waiting.event_type
                    and event.order_token = waiting.order_token and event.id = waiting.id
                    and event.received_at = waiting.received_at
                returning waiting.*, event.source, event.browser, event.address_hash, event.digest
            )
            insert into tracking_incoming (
                id, program_id, program, event_type, order_token, received_at, source, signed, browser, address_hash,
                visitor_id, click_id, customer_id, digest, received
            )
            select id, %(program)s, program, event_type, order_token, received_at, source, signed, browser,
                address_hash, visitor_id, click_id, customer_id, digest, received
            from moved
            """,
            {"unknown": unknown, "program": program_id},
        )
        moved = int(cursor.rowcount)
        cursor.execute("select count(*) from tracking_receive(true)")
        cursor.execute("delete from tracking_incoming")
    return moved


def _execute(statement: sql.Composable) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)
