"""Made-up subscriptions to the shop's newsletter: conversions of a second event type, by the journeys of the orders.

Some subscribe in euros, in which the terms name no amount; some come from partners whose terms do not pay for them.
"""

import polars as pl

from accredit.demo.draws import Draws, Weighted
from accredit.demo.orders import declared
from accredit.engine.frames import CONVERSIONS

EVENT_TYPE = "newsletter"
SUBSCRIBES_PERCENT = 3
"""Of all orders: so many subscribe at the same visit."""
CURRENCIES = Weighted({"GBP": 85, "EUR": 15})
AFTER_US = 90_000_000
"""How long after the order."""


def leads_of(orders: pl.DataFrame, *, seed: str = "demo") -> pl.DataFrame:
    """CONVERSIONS without turnover, for orders (CONVERSIONS) that have their journeys: `N` and the order token."""
    drawn = [Draws(f"{seed}/newsletter/{token}") for token in orders["order_token"]]
    subscribes = pl.Series([draws.chance(SUBSCRIBES_PERCENT) for draws in drawn], dtype=pl.Boolean)
    currencies = pl.Series([draws.pick(CURRENCIES) for draws in drawn], dtype=pl.String)
    leads = orders.with_columns(currency=currencies).filter(subscribes)
    return declared(
        leads.select(
            pl.lit(EVENT_TYPE).alias("event_type"),
            pl.format("N{}", "order_token").alias("order_token"),
            pl.col("occurred_at") + pl.duration(microseconds=AFTER_US),
            pl.lit(0).alias("turnover_minor"),
            *("currency", "visitor_id", "click_id", "customer_id", "country", "device"),
        ),
        CONVERSIONS,
    )
