"""Orders that come in as through the tracker: events, and rows that wait for the worker."""

from datetime import datetime
from uuid import UUID

import polars as pl
from django.db import connection, transaction

from accredit.conversions.received import received
from accredit.database.copy import copy_in
from accredit.database.new_keys import keys_at
from accredit.engine.frames import INSTANT
from accredit.tracking.operations import make_partitions
from tests.factories.installing import NO_ITEMS, NOW


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
    sent = orders.with_columns(no_time) if without_time else orders
    said = received(sent, items)
    rows = orders.select(
        keys_at(now, len(orders)),
        pl.lit(str(program_id)).alias("program_id"),
        pl.lit(code).alias("program"),
        "event_type",
        "order_token",
        pl.lit(now).alias("received_at"),
        pl.lit("post").alias("source"),
        pl.lit(signed).alias("signed"),
        "visitor_id",
        "customer_id",
        said["digest"],
        said["received"],
    )
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("select tracking_make_incoming()")
        copy_in("tracking_incoming", rows)
        cursor.execute("select count(*) from tracking_receive(true)")
        cursor.execute("delete from tracking_incoming")
