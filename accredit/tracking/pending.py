"""The queue of events that are not booked yet. Rows without a reason wait for a worker, rows with one for somebody."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import polars as pl
from django.db import connection, transaction
from psycopg import sql

from accredit.database.copy import copy_out, text_array
from accredit.database.keys import key_of_unknown_program
from accredit.engine.frames import INSTANT, TEXT

UNKNOWN_PROGRAM = "unknown_program"
UNKNOWN_EVENT_TYPE = "unknown_event_type"
CANNOT_BE_PRICED = "cannot_be_priced"
FAILED = "failed"
UNSIGNED = "unsigned"
REASONS = (UNKNOWN_PROGRAM, UNKNOWN_EVENT_TYPE, CANNOT_BE_PRICED, FAILED, UNSIGNED)
"""Why a row is held."""

PENDING = {
    "id": TEXT,
    "event_type": TEXT,
    "order_token": TEXT,
    "received_at": INSTANT,
    "signed": TEXT,  # t, f, or null
    "released": TEXT,  # t or f
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


def held(code: str | None = None, limit: int | None = None) -> Sequence[dict[str, Any]]:
    """The rows that wait for somebody, of one program or of all, in the order in which they came: program, event_type,
    order_token, received_at, reason, detail."""
    names = ("program", "event_type", "order_token", "received_at", "reason", "detail")
    query = sql.SQL(
        "select {} from tracking_pending where reason is not null and ({code}::text is null or program = {code})"
        " order by id limit {limit}"
    )
    columns = sql.SQL(", ").join(map(sql.Identifier, names))
    with connection.cursor() as cursor:
        cursor.execute(query.format(columns, code=code, limit=limit))
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def counts(code: str | None = None) -> Sequence[tuple[str, str | None, int]]:
    """How many rows are in the queue, by program and reason; reason None: they wait for a worker."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select program, reason, count(*) from tracking_pending where %(code)s::text is null or program = %(code)s"
            " group by program, reason order by program, reason nulls first",
            {"code": code},
        )
        return list(cursor.fetchall())


def release(program_id: UUID, reason: str | None = None, order_tokens: Sequence[str] = ()) -> int:
    """Have the held rows of a program wait for a worker again; how many they are: of one reason, or of all but those
    that are not signed, which somebody has to name; of these order tokens, or of all."""
    reasons = [reason] if reason else [one for one in REASONS if one != UNSIGNED]
    with connection.cursor() as cursor:
        cursor.execute(
            "update tracking_pending set released = released or reason = %(unsigned)s, reason = null, detail = null"
            " where program_id = %(program)s and reason = any(%(reasons)s)"
            " and (%(all)s or order_token = any(%(orders)s))",
            {"program": program_id, "unsigned": UNSIGNED, "reasons": reasons, "all": not order_tokens,
             "orders": list(order_tokens)},
        )  # fmt: skip
        released = int(cursor.rowcount)
        cursor.execute("select pg_notify('accredit_pending', '')")
        return released


def discard(code: str, reason: str, order_tokens: Sequence[str] = ()) -> int:
    """Remove what is held of a program, which need not be there, for a reason: of these order tokens, or all; how many
    rows. Their events stay."""
    with connection.cursor() as cursor:
        cursor.execute(
            "delete from tracking_pending where program = %s and reason = %s and (%s or order_token = any(%s))",
            [code, reason, not order_tokens, list(order_tokens)],
        )
        return int(cursor.rowcount)


def conflicts(since: datetime, code: str | None = None) -> Sequence[tuple[str, int]]:
    """How many orders came since with other content than is recorded, by program."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select program.code, count(*) from tracking_conversion_event event"
            " join programs_program program on program.id = event.program_id"
            " where outcome = 'conflict' and received_at >= %(since)s"
            " and (%(code)s::text is null or program.code = %(code)s) group by program.code order by program.code",
            {"since": since, "code": code},
        )
        return list(cursor.fetchall())


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
