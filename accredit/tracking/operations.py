"""Writing the click log and the log of conversion events."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID
from zlib import crc32

import polars as pl
from django.db import connection, transaction
from psycopg import sql

from accredit.database.copy import copy_in, copy_out
from accredit.database.new_keys import keys_at, new_keys
from accredit.engine.frames import CLICKS, TEXT
from accredit.programs.models import Program
from accredit.programs.operations import lock_program
from accredit.tracking.queries import clicks_of_visitors, foreign_clicks

BATCH_CLICKS = 500_000
MAX_NEW_DAYS = 1_500
"""A log of clicks over more days than this is a mistake in its times; every day costs a partition."""
DAYS_AT_ONCE = 100
"""Every partition that a transaction makes takes locks."""

RECEIVED = {"id": TEXT, "outcome": TEXT}
"""Id of the event (hexadecimal), and `recorded`, `known` or `conflict`."""

Progress = Callable[[str, int, int], None]
"""Called with what is being written, how much of it is done, and how much it is altogether."""


@dataclass(frozen=True, slots=True)
class Appended:
    """`conflicting`: ids of clicks that are in the log with other content, which stays."""

    new: int
    known: int
    conflicting: pl.Series


class TooManyDays(ValueError):
    """Clicks are spread over so many days that their times must be wrong."""


def make_partitions(table: Literal["tracking_click", "tracking_conversion_event"], days: Sequence[date]) -> None:
    """Have the partitions of these days (UTC), whoever makes them. Each is there for good once this returns, unless a
    transaction is open."""
    with connection.cursor() as cursor:
        for start in range(0, len(days), DAYS_AT_ONCE):
            cursor.execute("select tracking_make_partitions(%s, %s)", [table, list(days[start : start + DAYS_AT_ONCE])])


def append_clicks(program: Program, clicks: pl.DataFrame, *, progress: Progress | None = None) -> Appended:
    """Append clicks (CLICKS) with ids of somebody else's to the log, one transaction for each BATCH_CLICKS; those that
    are there already are left as they are. Raises TooManyDays."""
    clicks = clicks.sort("clicked_at", "click_id")
    days = clicks["clicked_at"].dt.date().unique().sort()
    if len(days) > MAX_NEW_DAYS:
        raise TooManyDays(
            f"The clicks are spread over {len(days)} days from {days[0]} to {days[-1]}; at most {MAX_NEW_DAYS} are"
            " loaded at once. Check clicked_at, or load them in parts."
        )
    make_partitions("tracking_click", days.to_list())
    new = 0
    conflicting = [pl.Series("click_id", [], pl.String)]
    for start in range(0, len(clicks), BATCH_CLICKS):
        batch = clicks[start : start + BATCH_CLICKS]
        with transaction.atomic():
            # Two loads of one file append each click once, and neither finds the ids of the other taken.
            lock_program(program.code)
            known = foreign_clicks(program.id, batch["click_id"])
            missing = batch.join(known, on="click_id", how="anti", maintain_order="left")
            if len(missing):
                _append(program.id, missing)
            conflicting.append(_conflicting(program.id, batch, known))
        new += len(missing)
        if progress:
            progress("clicks", start + len(batch), len(clicks))
    differing = pl.concat(conflicting)
    return Appended(new, len(clicks) - new - len(differing), differing)


def incoming(
    program_id: UUID,
    code: str,
    conversions: pl.DataFrame,
    came: pl.DataFrame,
    *,
    now: datetime,
    source: str,
    signed: bool | None,
) -> pl.DataFrame:
    """Conversions (CONVERSIONS) as they came in (`came`: received, digest), as rows of `tracking_incoming` with new
    ids."""
    return conversions.select(
        keys_at(now, len(conversions)),
        pl.lit(str(program_id)).alias("program_id"),
        pl.lit(code).alias("program"),
        "event_type",
        "order_token",
        pl.lit(now).alias("received_at"),
        pl.lit(source).alias("source"),
        pl.lit(signed, pl.Boolean).alias("signed"),
        "visitor_id",
        "click_id",
        "customer_id",
        came["digest"],
        came["received"],
    )


def receive(events: pl.DataFrame, *, for_worker: bool) -> pl.DataFrame:
    """Take rows of `incoming` as events, those of known orders with other content as conflicts; `for_worker`: what is
    new waits to be booked. One row (RECEIVED) each, in their order. The partition of the day must be there."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("select tracking_make_incoming()")
        copy_in("tracking_incoming", events)
        cursor.execute("analyze tracking_incoming")
        outcomes = copy_out(
            sql.SQL("select replace(id::text, '-', ''), outcome from tracking_receive({})").format(for_worker), RECEIVED
        )
        cursor.execute("delete from tracking_incoming")
    return events.select("id").join(outcomes, on="id", how="left", maintain_order="left")


def _append(program_id: UUID, clicks: pl.DataFrame) -> None:
    rows = clicks.select(
        pl.lit(str(program_id)).alias("program_id"),
        click_keys(clicks),
        *CLICKS,
    )
    copy_in("tracking_click", rows)
    foreign = rows.select("program_id", "click_id", "id", "visitor_id", "clicked_at")
    copy_in("tracking_foreign_click", foreign.sort("click_id"))


def click_keys(clicks: pl.DataFrame) -> pl.Series:
    """New ids: time, 40 random bits, and 32 bits of a hash of the visitor, so that an id leads to partition and shard.

    No count of rows: the same clicks may go into another program, where time, row and visitor are the same."""
    visitors = clicks["visitor_id"].unique()
    hashes = pl.DataFrame(
        {"visitor_id": visitors, "hash": [f"{crc32(visitor.encode()):08x}" for visitor in visitors.to_list()]},
        schema_overrides={"hash": pl.String},
    )
    of_clicks = clicks.select("visitor_id").join(hashes, on="visitor_id", how="left", maintain_order="left")
    keys = new_keys(clicks["clicked_at"].dt.epoch("ms"))
    time, chance = keys.str.head(12), keys.str.tail(12)
    return time + "7" + chance.str.slice(0, 3) + "8" + chance.str.slice(3, 7) + of_clicks["hash"]


def _conflicting(program_id: UUID, batch: pl.DataFrame, known: pl.DataFrame) -> pl.Series:
    """Ids of the clicks of `batch` that are known with other content."""
    repeated = batch.join(known.select("click_id"), on="click_id", how="semi")
    in_log = clicks_of_visitors(program_id, known["visitor_id"])
    same = repeated.join(in_log, on=list(CLICKS), how="semi", nulls_equal=True)
    return repeated.join(same, on="click_id", how="anti")["click_id"]
