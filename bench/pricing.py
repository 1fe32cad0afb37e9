"""Pricing, beside one bare multiplication-and-rounding pass with the same rule masks written by hand.

Terms of 20 payout groups, 5 adjustments and 2 restrictions over eight fields. The yardstick is what one would write in
Polars for exactly these terms: it brings each text field into one form once, knows that there is one version of terms,
one currency, one code an order and no items, keeps no trace, and adds up in 64 bits. Its commissions are compared with
the engine's. The plain loop is the tests' reference implementation.
"""

import argparse
import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import reduce
from operator import and_, or_

import polars as pl

from accredit.engine.frames import CONVERSIONS, CREDITS, ITEMS, Schema
from accredit.engine.pricing import price, reprice, summarize
from accredit.engine.program import (
    Adjustment,
    EventType,
    Payout,
    PayoutGroup,
    Program,
    Rate,
    Restriction,
    Rule,
    Terms,
)
from bench.report import Report, peak_mb, timed

SIZES = (100_000, 1_000_000)
LARGE = (10_000_000,)
REFERENCE_ROWS = 5_000

COUNTRIES = [f"{a}{b}" for a in "ABDEF" for b in "DEGKLN"]
CATEGORIES = [f"category {n}" for n in range(200)]
SUB_IDS = [f"campaign-{n}" for n in range(50_000)]
CODES = [f"SAVE{n}" for n in range(300)]
TEXTS = {  # field → its values, and how many of a thousand conversions have none
    "customer_status": (["New", "Existing", "VIP", "existing"], 50),
    "country": ([*COUNTRIES, *(country.lower() for country in COUNTRIES[:5])], 20),
    "category": ([*CATEGORIES, " Category 7 "], 100),
    "device": (["mobile", "desktop", "tablet", "Mobile"], 10),
    "promo_code": (CODES, 900),
    "sub_id1": (SUB_IDS, 300),
}


def is_in(field: str, *values: str) -> Rule:
    return Rule(field, "in", values)


def total(operator: str, number: str) -> Rule:
    return Rule("order_total", operator, number=Decimal(number))


def payout() -> Payout:
    """20 groups, 5 adjustments, 2 restrictions."""
    new, vip = is_in("customer_status", "New"), is_in("customer_status", "VIP")
    conditions: list[tuple[Rule, ...]] = [
        (is_in("sub_id1", *SUB_IDS[:40]),),
        (is_in("promo_code", *CODES[:10]), new),
        (is_in("promo_code", *CODES[10:30]),),
        *((new, is_in("country", *COUNTRIES[4 * n : 4 * n + 4]), total("gte", f"{100 + 50 * n}")) for n in range(6)),
        *((vip, is_in("category", *CATEGORIES[10 * n : 10 * n + 10])) for n in range(4)),
        *((is_in("category", *CATEGORIES[50 + 9 * n : 59 + 9 * n]), total("gt", f"{200 * n}")) for n in range(4)),
        (is_in("country", *COUNTRIES[:3]), is_in("device", "tablet"), total("lt", "30")),
        (Rule("country", "not_in", tuple(COUNTRIES[:25])),),
        (total("gte", "900"), Rule("category", "not_in", tuple(CATEGORIES[:100]))),
    ]
    return Payout(
        "sale", "order", "Standard", Rate(percent_ppm=100_000),
        tuple(PayoutGroup(f"Group {n}", Rate(percent_ppm=50_000 + 2_500 * n), when) for n, when in enumerate(conditions)),
        (
            Adjustment("Mobile", 50_000, None, (is_in("device", "MOBILE"),)),
            Adjustment("Existing", -500_000, None, (is_in("customer_status", "Existing"),)),
            Adjustment("New and large", 100_000, None, (new, total("gte", "500"))),
            Adjustment("Bonus", None, {"EUR": 100}, (total("gte", "250"), is_in("country", *COUNTRIES[10:20]))),
            Adjustment("Not from campaigns", 25_000, None, (Rule("sub_id1", "not_in", tuple(SUB_IDS[:100])),)),
        ),
        (
            Restriction("Gift cards", (is_in("category", *CATEGORIES[-2:]),)),
            Restriction("Small orders elsewhere", (total("lt", "5"), Rule("country", "not_in", tuple(COUNTRIES[:15])))),
        ),
    )  # fmt: skip


def program(paid: Payout) -> Program:
    return Program(
        code="bench", name="Benchmark", advertiser="ACME", currency="EUR", timezone="Europe/Berlin",
        referral_window_days=30, event_types=(EventType("sale"),), terms=(Terms("standard", 1, (paid,)),),
    )  # fmt: skip


def orders(rows: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Conversions and credits with a fixed seed."""
    chance = random.Random(20)
    texts = {
        field: [None if chance.randrange(1000) < empty else chance.choice(values) for _ in range(rows)]
        for field, (values, empty) in TEXTS.items()
    }
    conversions = filled(
        CONVERSIONS,
        rows,
        event_type="sale",
        order_token=[str(n) for n in range(rows)],
        occurred_at=datetime(2026, 1, 1, tzinfo=UTC),
        currency="EUR",
        turnover_minor=[chance.randrange(100_000) for _ in range(rows)],
        **texts,
    )
    credits = filled(
        CREDITS, rows, credited_to="partner", partner="p", reason="last_click", terms="standard", terms_version=1,
        blocked=False, device=texts["device"], sub_id1=texts["sub_id1"],
    )  # fmt: skip
    return conversions, credits


def filled(schema: Schema, rows: int, **columns: object) -> pl.DataFrame:
    """A frame of the schema; a column that is not given is null, a single value is repeated."""
    return pl.select(
        pl.lit(pl.Series(name, given, dtype=kind))
        if isinstance(given := columns.get(name), list)
        else pl.repeat(given, rows, dtype=kind).alias(name)
        for name, kind in schema.items()
    )


def by_hand(paid: Payout, conversions: pl.DataFrame, credits: pl.DataFrame) -> pl.Series:
    """The yardstick: commission of each order."""
    frame = conversions.lazy().with_columns(credits["device"], credits["sub_id1"]).select(
        "turnover_minor", *(pl.col(field).str.strip_chars().str.to_lowercase() for field in TEXTS)
    )  # fmt: skip

    def mask(when: Sequence[Rule]) -> pl.Expr:
        return reduce(and_, (hand_mask(rule) for rule in when))

    percent = pl.coalesce(
        *(pl.when(mask(group.when)).then(group.rate.percent_ppm) for group in paid.groups), paid.rate.percent_ppm
    )
    adjusted = 1_000_000 + pl.sum_horizontal(
        mask(adjustment.when) * pl.lit(adjustment.percent_ppm) for adjustment in paid.adjustments if adjustment.percent_ppm
    )
    amount = pl.sum_horizontal(
        mask(adjustment.when) * pl.lit(adjustment.amount["EUR"]) for adjustment in paid.adjustments if adjustment.amount
    )
    exact = pl.col("turnover_minor") * percent * adjusted + amount * 10**12
    commission = pl.when(~reduce(or_, (mask(one.when) for one in paid.restrictions))).then(
        (exact + 5 * 10**11) // 10**12
    )
    return frame.select(commission.fill_null(0)).collect().to_series()


def hand_mask(rule: Rule) -> pl.Expr:
    if rule.number is not None:
        return getattr(pl.col("turnover_minor"), {"gte": "ge", "gt": "gt", "lte": "le", "lt": "lt"}[rule.operator])(
            int(rule.number * 100)
        )
    listed = pl.col(rule.field).is_in([value.lower() for value in rule.values]).fill_null(False)
    return listed if rule.operator == "in" else ~listed


def best(times: int, *runs: Callable[[], object]) -> list[float]:
    """The least seconds of each run; the runs take turns, so that a busy moment hits all alike."""
    seconds = [float("inf")] * len(runs)
    for _ in range(times):
        for place, run in enumerate(runs):
            with timed() as timer:
                run()
            seconds[place] = min(seconds[place], timer.seconds)
    return seconds


def measure(rows: int) -> None:
    paid = payout()
    terms = program(paid)
    conversions, credits = orders(rows)
    none = pl.DataFrame(schema=ITEMS)
    trace = price(terms, conversions, credits, none)
    assert by_hand(paid, conversions, credits).equals(trace.orders["commission_minor"])
    engine, hand = best(
        3, lambda: price(terms, conversions, credits, none), lambda: by_hand(paid, conversions, credits)
    )
    Report(f"price {rows:,} conversions", engine, hand, engine / hand, "< 4", peak_mb()).show()


def main(large: bool) -> None:
    for rows in LARGE if large else SIZES:
        measure(rows)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, action="append", metavar="N")
    for rows in parser.parse_args().rows or SIZES:
        measure(rows)
