"""Reading conversions as frames."""

from collections.abc import Sequence
from uuid import UUID

import polars as pl
from psycopg import sql

from accredit.conversions.rates import kept_rates
from accredit.database.copy import copy_out, text_array
from accredit.engine.frames import ITEMS, MINOR, PRICED_ITEMS, PRICED_ORDERS, ROW, TEXT, Schema
from accredit.engine.trace import Trace

ITEMS_THAT_HOLD: Schema = {**ITEMS, "rate_id": TEXT, "commission_minor": MINOR}


class UnknownConversions(LookupError):
    """Some ids name no conversion of the program."""


def trace(program_id: UUID, conversion_ids: Sequence[UUID]) -> Trace:
    """What these conversions keep, in this order: enough to price a change of turnover without the terms (spec 20).
    Raises UnknownConversions."""
    wanted = pl.DataFrame({"id": [str(key) for key in conversion_ids]}, schema={"id": TEXT}).with_row_index(
        "conversion"
    )
    orders = copy_out(
        sql.SQL(
            "select id, currency, turnover_minor, rate_id, commission_minor from conversions_conversion"
            " where program_id = {} and id = any({}::uuid[])"
        ).format(program_id, list(conversion_ids)),
        {"id": TEXT, "currency": TEXT, "turnover_minor": MINOR, "rate_id": TEXT, "commission_minor": MINOR},
    )
    orders = wanted.join(orders, on="id", how="left", maintain_order="left")
    if missing := orders.filter(pl.col("currency").is_null())["id"].to_list():
        raise UnknownConversions(f"The program has no conversions {', '.join(missing[:10])}: {len(missing)} in all")
    return kept_trace(program_id, orders, items_that_hold(program_id, wanted["id"]))


def kept_trace(program_id: UUID, orders: pl.DataFrame, items: pl.DataFrame) -> Trace:
    """The trace of conversions (currency, turnover_minor, rate_id, commission_minor) with their items
    (ITEMS_THAT_HOLD)."""
    used = pl.concat([orders["rate_id"], items["rate_id"]]).drop_nulls().unique().sort()
    numbers = pl.DataFrame({"rate_id": used}).with_row_index("rate").cast({"rate": ROW})

    def with_rates(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.join(numbers, on="rate_id", how="left", maintain_order="left")

    return Trace(
        with_rates(orders).select(*PRICED_ORDERS),
        with_rates(items).select(*PRICED_ITEMS),
        kept_rates(program_id, [UUID(key) for key in used]),
    )


def items_that_hold(program_id: UUID, ids: pl.Series) -> pl.DataFrame:
    """The items of these conversions under the decisions that hold (ITEMS_THAT_HOLD); `conversion` is the place in
    `ids`, and both are in the order that pricing wants."""
    query = sql.SQL("""
        select item.conversion_id, item_id, quantity, item.turnover_minor, sku, item.category, item.rate_id,
            item.commission_minor
        from conversions_item item join conversions_conversion conversion
            on conversion.program_id = item.program_id and conversion.id = item.conversion_id
            and conversion.decision = item.decision
        where item.program_id = {} and item.conversion_id = any({}::uuid[])
    """).format(program_id, text_array(ids))
    places = ids.to_frame("id").with_row_index("conversion")
    columns = {"id": TEXT, **{name: dtype for name, dtype in ITEMS_THAT_HOLD.items() if name != "conversion"}}
    return (
        copy_out(query, columns)
        .join(places, on="id", maintain_order="left")
        .sort("conversion", "item_id")
        .select(*ITEMS_THAT_HOLD)
    )
