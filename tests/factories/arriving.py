"""Orders that come in as through the tracker: events, and rows that wait for the worker."""

from datetime import datetime
from uuid import UUID

import polars as pl

from accredit.conversions.received import received
from accredit.engine.frames import INSTANT
from accredit.tracking import pending
from accredit.tracking.operations import incoming, make_partitions, receive
from tests.factories.installing import NO_ITEMS, NOW


def queue() -> list[tuple[str, str | None, int]]:
    """How many orders are in the queue, by program and reason."""
    return [(count.program, count.reason, count.orders) for count in pending.counts()]


def arrive(
    program_id: UUID,
    code: str,
    orders: pl.DataFrame,
    items: pl.DataFrame = NO_ITEMS,
    *,
    signed: bool = True,
    now: datetime = NOW,
    without_time: bool = False,
) -> None:
    """Take these orders in, as one group of the tracker does; `without_time` leaves out when they occurred."""
    make_partitions("tracking_conversion_event", [now.date()])
    no_time = pl.lit(None, INSTANT).alias("occurred_at")
    came = received(orders.with_columns(no_time) if without_time else orders, items)
    receive(incoming(program_id, code, orders, came, now=now, source="post", signed=signed), for_worker=True)
