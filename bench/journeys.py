"""Synthetic clicks and conversions of a given size for the benchmarks, the same for engine and yardstick."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import polars as pl

from accredit.engine import frames
from accredit.engine.program import (
    Channel,
    Contract,
    ContractPeriod,
    CreditGroup,
    EventType,
    Partner,
    Payout,
    Program,
    PromoCode,
    Rate,
    Terms,
)

START = datetime(2026, 1, 1, tzinfo=UTC)
PARTNERS, CHANNELS = 100, 5
DAYS = 90


@dataclass(frozen=True)
class Journeys:
    program: Program
    conversions: pl.DataFrame
    clicks: pl.DataFrame


def benchmark_program() -> Program:
    """A hundred partners with two contract periods each, five channels, forty promo codes; all three credit groups."""
    groups = list(CreditGroup)
    change = START + timedelta(days=45)
    terms = Terms("standard", 1, (Payout("sale", "order", "Standard 10 %", Rate(percent_ppm=100_000)),))
    partners = tuple(Partner(f"partner-{n:03}", f"Partner {n}") for n in range(PARTNERS))
    contracts = tuple(
        Contract(
            partner.code,
            (
                ContractPeriod(START - timedelta(days=400), change, "standard", 1, groups[n % 3], 30),
                ContractPeriod(change, None, "standard", 1, groups[(n + n // 50) % 3], 30 + n % 7),
            ),
        )
        for n, partner in enumerate(partners)
    )
    return Program(
        code="bench", name="Benchmark", advertiser="ACME", currency="EUR", timezone="Europe/Berlin",
        referral_window_days=30, event_types=(EventType("sale"),), partners=partners,
        channels=tuple(Channel(f"channel-{n}", f"Channel {n}", groups[n % 3], 30) for n in range(CHANNELS)),
        promo_codes=tuple(
            PromoCode(f"SAVE{n:02}", "exact", f"partner-{n:03}", ("always", "involved", "winner")[n % 3])
            for n in range(40)
        ),
        terms=(terms,), contracts=contracts,
    )  # fmt: skip


def _random(rows: int, seed: int) -> pl.Expr:
    """A column of 64 random bits a row."""
    return pl.int_range(rows, dtype=pl.UInt64).hash(seed)


def journeys(clicks: int, *, click_ids: bool, codes: bool, seed: int = 1) -> Journeys:
    """`clicks` clicks of which most belong to the journeys of a tenth as many conversions.

    The click log stands in the order of its times, as logs do. With `click_ids` half of the conversions carry a click
    id and no visitor id; with `codes` a tenth carry a promo code.
    """
    conversions = clicks // 10
    visitors = conversions + conversions // 5
    span_us = DAYS * 86_400_000_000

    def visitor(number: pl.Expr) -> pl.Expr:
        return pl.format("v{}{}", number.cast(pl.UInt64).hash(97).cast(pl.String), number.cast(pl.String)).str.slice(
            0, 22
        )

    party = (_random(clicks, seed + 2) % (PARTNERS + CHANNELS)).cast(pl.Int64)
    names = pl.Series([*(f"partner-{n:03}" for n in range(PARTNERS)), *[None] * CHANNELS], dtype=pl.String)
    channels = pl.Series([*[None] * PARTNERS, *(f"channel-{n}" for n in range(CHANNELS))], dtype=pl.String)
    log = (
        pl.select(
            at=(pl.lit(START).cast(frames.INSTANT).to_physical() + (_random(clicks, seed) % span_us).cast(pl.Int64)),
            visitor_id=visitor(_random(clicks, seed + 1) % visitors),
            party=party,
        )
        .sort("at")
        .with_row_index("n")
        .select(
            click_id=pl.format("c{}x{}", pl.col("n").hash(seed + 3) % 1_000_000_007, pl.col("n")),
            clicked_at=pl.col("at").cast(frames.INSTANT),
            visitor_id="visitor_id",
            partner=pl.lit(names).gather(pl.col("party")),
            channel=pl.lit(channels).gather(pl.col("party")),
            **{name: pl.lit(None, pl.String) for name in frames.CLICK_FIELDS},
        )
    )
    picked = log.gather(pl.select(_random(conversions, seed + 4) % clicks).to_series())
    by_click = _random(conversions, seed + 5) % 2 == 0 if click_ids else pl.lit(False)
    coded = _random(conversions, seed + 6) % 10 == 0 if codes else pl.lit(False)
    orders = picked.select(
        event_type=pl.lit("sale"),
        order_token=pl.format("o{}", pl.int_range(conversions)),
        occurred_at=pl.col("clicked_at")
        + pl.duration(microseconds=(_random(conversions, seed + 7) % 864_000_000_000).cast(pl.Int64)),
        visitor_id=pl.when(by_click).then(None).otherwise("visitor_id"),
        click_id=pl.when(by_click).then("click_id"),
        promo_code=pl.when(coded).then(
            pl.format("save{}", (_random(conversions, seed + 8) % 60).cast(pl.String).str.zfill(2))
        ),
        currency=pl.lit("EUR"),
        turnover_minor=(_random(conversions, seed + 9) % 50_000).cast(pl.Int64),
    )
    missing = [
        pl.lit(None, dtype).alias(name) for name, dtype in frames.CONVERSIONS.items() if name not in orders.columns
    ]
    orders = orders.with_columns(missing).select(*frames.CONVERSIONS)
    return Journeys(benchmark_program(), orders, log.select(*frames.CLICKS))
