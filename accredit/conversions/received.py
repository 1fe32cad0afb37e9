"""What came in, as JSON and as a digest by which the same order with other content is told apart."""

from hashlib import sha256

import polars as pl

from accredit.database import json_text
from accredit.engine.frames import CONVERSIONS, ITEMS

PERSONAL = ("visitor_id", "customer_id")
"""Kept by the conversion alone, so that a visitor can be erased while history stays."""
_DERIVED = ("customer_status",)


def received(conversions: pl.DataFrame, items: pl.DataFrame) -> pl.DataFrame:
    """One row a conversion: `received` (JSON, without what is personal) and `digest` (of all of it, the same whatever
    the order of the items). `conversions`: CONVERSIONS, not mapped yet; `items`: ITEMS."""
    lines = items.sort("conversion", "item_id").select(
        "conversion", line=json_text.object_of({name: _json(items, name) for name in ITEMS if name != "conversion"})
    )
    fields = {
        name: _json(conversions, name)
        for name in CONVERSIONS
        if name not in (*PERSONAL, *_DERIVED) and conversions[name].null_count() < len(conversions)
    }
    if len(lines):
        line_lists = json_text.arrays(lines, "conversion", "line", len(conversions))
        fields["items"] = pl.lit(line_lists.replace("[]", None))
    frame = conversions.select(
        json_text.object_of(fields).alias("received"),
        personal=json_text.array([_json(conversions, name) for name in PERSONAL]),
    )
    whole = (frame["received"] + frame["personal"]).to_list()
    digests = [sha256(text.encode()).hexdigest()[:32] for text in whole]
    return frame.select("received", digest=pl.Series(digests, dtype=pl.String))


def _json(frame: pl.DataFrame, name: str) -> pl.Expr:
    dtype, value = frame.schema[name], pl.col(name)
    if dtype.is_integer():
        return json_text.number(value)
    return json_text.text(value.dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ") if dtype.is_temporal() else value)
