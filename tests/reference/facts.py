"""What comes in, as plain values: the columns of `accredit.engine.frames`, one value a row."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class ClickFields:
    """What a conversion takes from the winning click where it has no value of its own."""

    ad: str | None = None
    project: str | None = None
    device: str | None = None
    sub_id1: str | None = None
    sub_id2: str | None = None
    sub_id3: str | None = None
    sub_id4: str | None = None
    sub_id5: str | None = None
    sub_id6: str | None = None


@dataclass(frozen=True, kw_only=True)
class Click(ClickFields):
    click_id: str
    clicked_at: datetime
    visitor_id: str | None = None
    partner: str | None = None
    channel: str | None = None


@dataclass(frozen=True, kw_only=True)
class Conversion(ClickFields):
    event_type: str = "sale"
    order_token: str
    occurred_at: datetime
    visitor_id: str | None = None
    click_id: str | None = None
    promo_code: str | None = None
    currency: str = "USD"
    turnover_minor: int
    customer_status_word: str | None = None
    customer_status: str | None = None
    customer_id: str | None = None
    category: str | None = None
    country: str | None = None
    region: str | None = None
    city: str | None = None
    postcode: str | None = None


@dataclass(frozen=True, kw_only=True)
class Item:
    conversion: int
    item_id: str
    quantity: int = 1
    turnover_minor: int
    sku: str | None = None
    category: str | None = None
