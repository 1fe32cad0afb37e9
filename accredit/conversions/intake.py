"""What came in of late: what is held and why, what was sent again with other content, and the shop's own words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import polars as pl
from django.db import connection

from accredit.engine.customer_status import is_mapped, map_customer_status
from accredit.engine.frames import TEXT
from accredit.programs.models import Program
from accredit.programs.queries import program_value
from accredit.tracking import pending

RECENT = timedelta(days=14)
ROWS = 50
"""Held orders, conflicts and words that are shown; the counts are of all."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A field of an order, as it is recorded and as it came again; None: not there. `items` are lists of objects."""

    field: str
    recorded: Any
    came: Any


@dataclass(frozen=True, slots=True)
class Conflict:
    """A report of an order that does not count, since its content is another than that of the one that does."""

    event_type: str
    order_token: str
    received_at: datetime
    source: str
    signed: bool | None
    currency: str
    differences: Sequence[Difference]


@dataclass(frozen=True, slots=True)
class Day:
    """How many orders came on a day (of the program's time zone), and how many came with other content."""

    day: date
    signed: int
    unsigned: int
    from_files: int
    conflicts: int


@dataclass(frozen=True, slots=True)
class Intake:
    """`waiting`: orders that the worker has still to book. Days and conflicts: the latest first, of RECENT."""

    waiting: int
    counts: Sequence[pending.Count]
    held: Sequence[pending.Held]
    conflicts: Sequence[Conflict]
    days: Sequence[Day]


@dataclass(frozen=True, slots=True)
class Word:
    """A customer status as the shop sent it ("" where it sent none), in how many orders, and the latest of them.
    `status`: what the program maps it to today; None where it maps to nothing."""

    event_type: str
    word: str
    orders: int
    status: str | None
    sample: UUID
    sample_token: str
    sample_at: datetime


@dataclass(frozen=True, slots=True)
class CameIn:
    """How an order came in: `source` is the name of the file or the way to the tracker, `signed` None for a file."""

    source: str
    signed: bool | None


def intake_of(program: Program, *, now: datetime) -> Intake:
    """What waits, what is held, and what came in RECENT before `now`."""
    since = now - RECENT
    counts = pending.counts(program.code)
    return Intake(
        sum(count.orders for count in counts if count.reason is None),
        [count for count in counts if count.reason],
        pending.held(program.code, limit=ROWS),
        conflicts_of(program, since=since),
        _days(program, since),
    )


def conflicts_of(
    program: Program, *, since: datetime, order_tokens: Sequence[str] = (), limit: int = ROWS
) -> Sequence[Conflict]:
    """The orders that came with other content since, of these order tokens or all; the latest first."""
    rows = _rows(
        """
        select came.event_type, came.order_token, coalesce(replaced.received_at, came.received_at),
            coalesce(replaced.source, came.source), case when replaced.id is null then came.signed else false end,
            counts.received, coalesce(replaced.received, came.received)
        from (
            select * from tracking_conversion_event
            where program_id = %s and received_at >= %s and outcome = 'conflict' and (%s or order_token = any(%s))
            order by id desc limit %s
        ) came
        join tracking_order first using (program_id, event_type, order_token)
        join tracking_conversion_event counts
            on counts.program_id = came.program_id and counts.event_type = came.event_type
            and counts.order_token = came.order_token and counts.id = first.event_id
            and counts.received_at = first.received_at
        left join lateral (
            -- What gave way to it, where it is the one that counts.
            select * from tracking_conversion_event earlier
            where came.id = first.event_id and earlier.program_id = came.program_id
                and earlier.event_type = came.event_type and earlier.order_token = came.order_token
                and earlier.outcome = 'recorded'
            limit 1
        ) replaced on true
        order by came.id desc
        """,
        [program.id, since, not order_tokens, list(order_tokens), limit],
    )
    return [
        Conflict(event_type, token, at, source, signed, recorded.get("currency", ""), _differences(recorded, came))
        for event_type, token, at, source, signed, recorded, came in rows
    ]


def _differences(recorded: Mapping[str, Any], came: Mapping[str, Any]) -> Sequence[Difference]:
    fields = dict.fromkeys([*recorded, *came])
    pairs = [Difference(field, recorded.get(field), came.get(field)) for field in fields]
    return [pair for pair in pairs if pair.recorded != pair.came]


def _days(program: Program, since: datetime) -> Sequence[Day]:
    rows = _rows(
        """
        select (received_at at time zone %s)::date as day,
            count(*) filter (where signed and outcome = 'recorded'),
            count(*) filter (where not signed and outcome = 'recorded'),
            count(*) filter (where signed is null and outcome = 'recorded'),
            count(*) filter (where outcome = 'conflict')
        from tracking_conversion_event where program_id = %s and received_at >= %s
        group by day order by day desc
        """,
        [program.timezone, program.id, since],
    )
    return [Day(*row) for row in rows]


def words_of(program: Program, *, now: datetime) -> Sequence[Word]:
    """The customer statuses of the conversions that were booked in RECENT before `now`, by event type; the most
    frequent first, and ROWS of them at most for each event type."""
    # Keys begin with the time of booking, so that the key alone leads to what was booked of late.
    least = UUID(int=int((now - RECENT).astimezone(UTC).timestamp() * 1000) << 80)
    rows = _rows(
        """
        with word as (
            select event_type, coalesce(customer_status_word, '') as word, count(*) as orders,
                max(id::text)::uuid as id,
                row_number() over (
                    partition by event_type order by count(*) desc, customer_status_word collate "C" nulls first
                ) as place
            from conversions_conversion where program_id = %s and id >= %s group by event_type, customer_status_word
        )
        select word.event_type, word, orders, latest.id, latest.order_token, latest.occurred_at
        from word join conversions_conversion latest on latest.program_id = %s and latest.id = word.id
        where place <= %s order by word.event_type, place
        """,
        [program.id, least, program.id, ROWS],
    )
    statuses = _statuses(program, [(event_type, word) for event_type, word, *_ in rows])
    return [
        Word(event_type, word, orders, status, *sample)
        for (event_type, word, orders, *sample), status in zip(rows, statuses, strict=True)
    ]


def _statuses(program: Program, words: Sequence[tuple[str, str]]) -> Sequence[str | None]:
    """What the engine makes of these words by the set-up of today."""
    value = program_value(program.id)
    sent = pl.DataFrame(words, schema={"event_type": TEXT, "customer_status_word": TEXT}, orient="row")
    mapped = map_customer_status(value, sent.with_columns(customer_status=pl.lit(None, TEXT)))
    return mapped.select(pl.when(is_mapped(value)).then("customer_status")).to_series().to_list()


def came_in(program_id: UUID, event_type: str, order_token: str) -> CameIn | None:
    """How the order came in first; None where nothing is kept of it."""
    rows = _rows(
        """
        select event.source, event.signed from tracking_order first
        join tracking_conversion_event event
            on event.program_id = first.program_id and event.event_type = first.event_type
            and event.order_token = first.order_token and event.id = first.event_id
            and event.received_at = first.received_at
        where first.program_id = %s and first.event_type = %s and first.order_token = %s
        """,
        [program_id, event_type, order_token],
    )
    return CameIn(*rows[0]) if rows else None


def _rows(query: str, parameters: Sequence[Any]) -> Sequence[Any]:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        rows: Sequence[Any] = cursor.fetchall()
        return rows
