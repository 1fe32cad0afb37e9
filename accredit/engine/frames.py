"""The declared columns and types of every frame that goes into or comes out of the engine.

Instants are aware (UTC, microseconds); money is whole minor units of the currency beside it; rates are parts per
million. A frame that refers to a conversion does so by `conversion`, the row number of the conversion in its batch.
"""

from collections.abc import Mapping

import polars as pl

from accredit.engine.program import CreditGroup

Schema = Mapping[str, pl.DataType]

INSTANT = pl.Datetime("us", "UTC")
TEXT = pl.String()
ROW = pl.UInt32()
MINOR = pl.Int64()
CREDIT_GROUP = pl.Enum([group.value for group in CreditGroup])
CREDITED_TO = pl.Enum(["partner", "channel", "none"])
REASON = pl.Enum(["last_click", "promo_code", "no_candidate"])
OUTCOME = pl.Enum([
    "after_conversion", "unknown_partner", "no_live_contract", "outside_referral_window", "lower_credit_group", "won",
    "promo_code_precedence", "earlier_click",
    "unknown_code", "code_not_valid", "code_not_involved", "code_not_winner",
])  # fmt: skip
LEVEL = pl.Enum(["order", "item"])

EVENT_TYPE_NOT_PAID = "event_type_not_paid"
FOREIGN_PROMO_CODE = "foreign_promo_code"
NO_AMOUNT_IN_CURRENCY = "no_amount_in_currency"

SUB_IDS = tuple(f"sub_id{n}" for n in range(1, 7))
CLICK_FIELDS = ("ad", "project", "device", *SUB_IDS)
"""What a conversion takes from the winning click where it has no value of its own."""

CLICKS: Schema = {
    "click_id": TEXT,  # unique in the frame
    "clicked_at": INSTANT,
    "visitor_id": TEXT,
    "partner": TEXT,  # exactly one of partner and channel
    "channel": TEXT,
    **dict.fromkeys(CLICK_FIELDS, TEXT),
}

CONVERSIONS: Schema = {
    "event_type": TEXT,
    "order_token": TEXT,  # unique with event_type
    "occurred_at": INSTANT,
    "visitor_id": TEXT,
    "click_id": TEXT,
    "promo_code": TEXT,  # as the order carries it: several separated by ; or ,
    "currency": TEXT,
    "turnover_minor": MINOR,
    "customer_status_word": TEXT,  # what the shop sent
    "customer_status": TEXT,  # what it was mapped to; the word itself where it maps to nothing
    "customer_id": TEXT,
    "category": TEXT,
    "country": TEXT,
    "region": TEXT,
    "city": TEXT,
    "postcode": TEXT,
    **dict.fromkeys(CLICK_FIELDS, TEXT),
}

ITEMS: Schema = {
    "conversion": ROW,
    "item_id": TEXT,  # unique in the conversion; items count in the order of their ids as text
    "quantity": pl.Int64(),
    "turnover_minor": MINOR,  # of the whole line
    "sku": TEXT,
    "category": TEXT,
}

CREDITS: Schema = {  # one row a conversion, in the order of the conversions
    "credited_to": CREDITED_TO,
    "partner": TEXT,
    "channel": TEXT,
    "click_id": TEXT,
    "clicked_at": INSTANT,
    "reason": REASON,
    "promo_code": TEXT,  # the definition that counted
    "credit_group": CREDIT_GROUP,
    "terms": TEXT,  # of the partner's contract period live at the conversion
    "terms_version": pl.Int64(),
    "blocked": pl.Boolean(),  # carries another partner's code where the program refuses that
    **dict.fromkeys(CLICK_FIELDS, TEXT),  # the order's own, else the winning click's
}

EXPLANATIONS: Schema = {  # sorted by conversion, rank
    "conversion": ROW,
    "rank": ROW,
    "partner": TEXT,
    "channel": TEXT,
    "click_id": TEXT,
    "clicked_at": INSTANT,
    "promo_code": TEXT,  # as the order carries it
    "credit_group": CREDIT_GROUP,
    "outcome": OUTCOME,
    "without_winner": TEXT,  # partner:CODE or channel:CODE, on rank 1 only
}

ADJUSTMENT = pl.Struct({"name": pl.String, "percent_ppm": pl.Int64, "amount_minor": pl.Int64})

RATES: Schema = {  # every distinct way in which something of a batch was priced; `rate` is the row number
    "rate": ROW,
    "terms": TEXT,
    "terms_version": pl.Int64(),
    "level": LEVEL,  # null where the event type is not paid or the conversion is blocked
    "currency": TEXT,
    "model": TEXT,  # null where nothing is paid
    "payout_group": pl.Int64(),  # position of the group that replaced the default payout, from 1; null = default
    "percent_ppm": pl.Int64(),
    "fixed_minor": MINOR,
    "adjustments": pl.List(ADJUSTMENT),  # those that applied, in the order of the terms
    "restriction": TEXT,  # why nothing is paid
}

PRICED_ORDERS: Schema = {  # one row a conversion, in the order of the conversions
    "currency": TEXT,
    "turnover_minor": MINOR,
    "rate": ROW,  # null where no partner is credited, or where the items carry the rates
    "commission_minor": MINOR,  # of the whole conversion
}

PRICED_ITEMS: Schema = {  # one row an item, in the order of the items given
    "conversion": ROW,
    "item_id": TEXT,
    "quantity": pl.Int64(),
    "turnover_minor": MINOR,
    "rate": ROW,  # null where the order is priced as a whole, or no partner is credited
    "commission_minor": MINOR,  # null where rate is null
}
