"""The declared columns of the tables that come in (spec 80). Every reader and every page that explains a file's columns
uses these."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from accredit.engine.frames import SUB_IDS


class Kind(Enum):
    """What a column holds, in words for an error."""

    TEXT = "a text"
    INSTANT = "a time in ISO 8601 with an offset, such as 2026-01-31T12:00:00Z or 2026-01-31T13:00:00.123456+01:00"
    AMOUNT = "an amount of zero or more with a decimal point and no other signs, such as 1234.50"
    QUANTITY = "a whole number from 1 to 100000000"


@dataclass(frozen=True, slots=True)
class Column:
    """`required`: the column is there and every row has a value."""

    name: str
    kind: Kind = Kind.TEXT
    required: bool = False


Columns = Sequence[Column]

_TRACKED = tuple(map(Column, ("ad", "project", "device", *SUB_IDS)))

CLICK_COLUMNS: Columns = (
    Column("click_id", required=True),
    Column("clicked_at", Kind.INSTANT, required=True),
    Column("visitor_id", required=True),
    Column("partner"),
    Column("channel"),
    *_TRACKED,
)

ORDER_COLUMNS: Columns = (
    Column("event_type", required=True),
    Column("order_token", required=True),
    Column("occurred_at", Kind.INSTANT, required=True),
    Column("currency", required=True),
    Column("turnover", Kind.AMOUNT, required=True),
    *map(Column, ("visitor_id", "click_id", "promo_code", "customer_status", "customer_id", "category")),
    *_TRACKED,
    *map(Column, ("country", "region", "city", "postcode")),
)


def item_columns(*, several_event_types: bool) -> Columns:
    """The columns of items; `event_type` is needed where the program has several."""
    return (
        Column("event_type", required=several_event_types),
        Column("order_token", required=True),
        Column("item_id", required=True),
        Column("quantity", Kind.QUANTITY, required=True),
        Column("turnover", Kind.AMOUNT, required=True),
        *map(Column, ("sku", "category")),
    )
