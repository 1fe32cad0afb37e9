"""What came in, as JSON and as a digest by which the same order with other content is told apart."""

from hashlib import sha256

import polars as pl

from accredit.database import json_text
from accredit.engine.frames import CONVERSIONS, ITEMS

PERSONAL = ("visitor_id", "click_id", "customer_id")
"""Who ordered, and how they came. Kept by the conversion alone, so that a visitor can be erased and history stays, and
no part of the digest: an order that two report is one, though only one of them knows the visitor."""
FIELDS = tuple(name for name in CONVERSIONS if name not in (*PERSONAL, "customer_status"))
"""What `received` holds of a conversion beside its items, in this order; customer_status is derived."""
_INSTANT_FORMAT = "%Y-%m-%dT%H:%M:%S%.6fZ"
_LINE = pl.Struct({name: dtype for name, dtype in ITEMS.items() if name != "conversion"})


def received(conversions: pl.DataFrame, items: pl.DataFrame) -> pl.DataFrame:
    """One row a conversion: `received` (JSON, without what is personal) and its `digest`, the same whatever the order
    of the items. `conversions`: CONVERSIONS, not mapped yet; `items`: ITEMS."""
    lines = items.sort("conversion", "item_id").select(
        "conversion", line=json_text.object_of({name: _json(items, name) for name in ITEMS if name != "conversion"})
    )
    fields = {name: _json(conversions, name) for name in FIELDS if conversions[name].null_count() < len(conversions)}
    if len(lines):
        line_lists = json_text.arrays(lines, "conversion", "line", len(conversions))
        fields["items"] = pl.lit(line_lists.replace("[]", None))
    said = conversions.select(json_text.object_of(fields).alias("received"))
    digests = [sha256(text.encode()).hexdigest()[:32] for text in said["received"].to_list()]
    return said.with_columns(digest=pl.Series(digests, dtype=pl.String))


def as_frames(events: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The conversions (CONVERSIONS, not mapped yet) and items (ITEMS) of events: the reverse of `received`.

    `events`: event_type, order_token, received_at, those of PERSONAL, received (JSON). An order that came without
    a time occurred when it was received. Raises polars.exceptions.ComputeError for what `received` never writes.
    """
    types = {name: pl.String() if CONVERSIONS[name].is_temporal() else CONVERSIONS[name] for name in FIELDS}
    said = events["received"].str.json_decode(pl.Struct({**types, "items": pl.List(_LINE)}))
    fields = pl.DataFrame({"said": said}).unnest("said")
    occurred_at = fields["occurred_at"].str.to_datetime(_INSTANT_FORMAT, time_unit="us", time_zone="UTC")
    conversions = fields.with_columns(
        events["event_type"],
        events["order_token"],
        *(events[name] for name in PERSONAL),
        occurred_at=pl.coalesce(occurred_at, events["received_at"]),
        customer_status=pl.lit(None, pl.String),
    ).select(*CONVERSIONS)
    items = (
        fields.select("items")
        .with_row_index("conversion")
        .filter(pl.col("items").list.len() > 0)
        .explode("items")
        .unnest("items")
        .select(*ITEMS)
        .sort("conversion", "item_id")
    )
    return conversions, items


def _json(frame: pl.DataFrame, name: str) -> pl.Expr:
    dtype, value = frame.schema[name], pl.col(name)
    if dtype.is_integer():
        return json_text.number(value)
    return json_text.text(value.dt.strftime(_INSTANT_FORMAT) if dtype.is_temporal() else value)
