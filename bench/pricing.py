"""Pricing, beside one bare multiplication-and-rounding pass with the same rule masks written by hand.

Terms of 20 payout groups, 5 adjustments and 2 restrictions over seven fields. The yardstick is what one would write in
Polars for exactly these terms: it brings each text field into one form once, knows that there is one version of terms,
one currency and one code an order, keeps no trace, and adds up in 64 bits. Its commissions must be the engine's. The
plain loop is the tests' reference implementation, timed on a few conversions.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import reduce
from operator import and_, or_

import polars as pl

from accredit.engine.frames import CONVERSIONS, CREDITS, ITEMS, Schema
from accredit.engine.pricing import price
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
from tests.factories.frames import values
from tests.reference import pricing as reference
from tests.reference.crediting import Credit
from tests.reference.facts import Conversion

SIZES = (100_000, 1_000_000)
LARGE = (10_000_000,)
LINE = pl.col("line")
PLAIN = 5_000
ITEMS_AN_ORDER = 2

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
        tuple(PayoutGroup(f"Group {n}", Rate(percent_ppm=50_000 + 2_500 * n), c) for n, c in enumerate(conditions)),
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
    """Conversions and credits, always the same."""
    texts = {
        field: pl.when(dice(seed, 1000) >= empty).then(one_of(known, seed + 100))
        for seed, (field, (known, empty)) in enumerate(TEXTS.items())
    }
    conversions = filled(
        CONVERSIONS, rows, event_type=pl.lit("sale"), order_token=LINE.cast(pl.String), currency=pl.lit("EUR"),
        occurred_at=pl.lit(datetime(2026, 1, 1, tzinfo=UTC)), turnover_minor=dice(200, 100_000), **texts,
    )  # fmt: skip
    credits = filled(
        CREDITS, rows, credited_to=pl.lit("partner"), partner=pl.lit("p"), reason=pl.lit("last_click"),
        terms=pl.lit("standard"), terms_version=pl.lit(1), blocked=pl.lit(False),
        device=texts["device"], sub_id1=texts["sub_id1"],
    )  # fmt: skip
    return conversions, credits


def baskets(rows: int) -> pl.DataFrame:
    """Items of that many orders, always the same."""
    return filled(
        ITEMS, rows * ITEMS_AN_ORDER, conversion=LINE // ITEMS_AN_ORDER, quantity=pl.lit(1),
        item_id=(LINE % ITEMS_AN_ORDER).cast(pl.String), turnover_minor=dice(201, 100_000),
        category=one_of(CATEGORIES, 202),
    )  # fmt: skip


def dice(seed: int, sides: int) -> pl.Expr:
    return LINE.hash(seed) % sides


def one_of(known: list[str], seed: int) -> pl.Expr:
    return pl.lit(pl.Series(known)).gather(dice(seed, len(known)))


def filled(schema: Schema, rows: int, **columns: pl.Expr) -> pl.DataFrame:
    """A frame of the schema; columns that are not given are null."""
    return pl.select(line=pl.int_range(rows)).select(
        columns.get(name, pl.lit(None)).cast(kind).alias(name) for name, kind in schema.items()
    )


def orders_by_hand(paid: Payout, conversions: pl.DataFrame, credits: pl.DataFrame) -> pl.Series:
    """The yardstick: the commission of each order."""
    frame = conversions.lazy().with_columns(credits["device"], credits["sub_id1"], order_total="turnover_minor")
    same = frame.select("turnover_minor", "order_total", *(same_by_hand(field) for field in TEXTS))
    return same.select(commission_by_hand(paid)).collect().to_series()


def items_by_hand(paid: Payout, conversions: pl.DataFrame, credits: pl.DataFrame, items: pl.DataFrame) -> pl.Series:
    """The yardstick where every item is paid alone: the commission of each order."""
    orders = conversions.lazy().with_columns(credits["device"], credits["sub_id1"]).with_row_index("conversion")
    same = orders.select(
        "conversion", *(same_by_hand(field) for field in TEXTS if field != "category"), order_total="turnover_minor"
    )
    lines = items.lazy().select("conversion", "turnover_minor", same_by_hand("category")).join(same, on="conversion")
    commission = lines.select("conversion", commission_by_hand(paid)).group_by("conversion").sum().sort("conversion")
    return commission.collect()["commission"]


def same_by_hand(field: str) -> pl.Expr:
    return pl.col(field).str.strip_chars().str.to_lowercase()


def commission_by_hand(paid: Payout) -> pl.Expr:
    def mask(when: Sequence[Rule]) -> pl.Expr:
        return reduce(and_, (mask_by_hand(rule) for rule in when))

    percent = pl.coalesce(
        *(pl.when(mask(group.when)).then(group.rate.percent_ppm) for group in paid.groups), paid.rate.percent_ppm
    )
    adjusted = 1_000_000 + pl.sum_horizontal(
        mask(one.when) * one.percent_ppm for one in paid.adjustments if one.percent_ppm
    )
    amount = pl.sum_horizontal(mask(one.when) * one.amount["EUR"] for one in paid.adjustments if one.amount)
    exact = pl.col("turnover_minor") * percent * adjusted + amount * 10**12
    restricted = reduce(or_, (mask(one.when) for one in paid.restrictions))
    return pl.when(restricted).then(0).otherwise((exact + 5 * 10**11) // 10**12).alias("commission")


def mask_by_hand(rule: Rule) -> pl.Expr:
    if rule.number is not None:
        compare = {"gte": pl.Expr.ge, "gt": pl.Expr.gt, "lt": pl.Expr.lt}[rule.operator]
        return compare(pl.col(rule.field), int(rule.number * 100))
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
    """Print the figures of one size."""
    paid = payout()
    conversions, credits = orders(rows)
    size = f"price {rows:,} conversions"

    terms, none = program(paid), pl.DataFrame(schema=ITEMS)
    trace = price(terms, conversions, credits, none)
    assert trace.orders["commission_minor"].equals(orders_by_hand(paid, conversions, credits))
    engine, hand = best(
        3, lambda: price(terms, conversions, credits, none), lambda: orders_by_hand(paid, conversions, credits)
    )
    Report(size, engine, hand, engine / hand, "< 4", peak_mb()).show()

    few, their_credits = values(Conversion, conversions.head(PLAIN)), values(Credit, credits.head(PLAIN))
    with timed() as plain:
        kept = reference.price(terms, few, their_credits, [])
    assert [order.commission_minor for order in kept] == trace.orders["commission_minor"].head(PLAIN).to_list()
    loop = plain.seconds * rows / len(few)
    Report(f"{size}, plain loop : engine", engine, loop, loop / engine, peak_mb=peak_mb()).show()

    by_item, items = program(replace(paid, level="item")), baskets(rows)
    trace = price(by_item, conversions, credits, items)
    assert trace.orders["commission_minor"].equals(items_by_hand(paid, conversions, credits, items))
    engine, hand = best(
        2, lambda: price(by_item, conversions, credits, items), lambda: items_by_hand(paid, conversions, credits, items)
    )
    Report(f"{size} by {ITEMS_AN_ORDER} items each", engine, hand, engine / hand, peak_mb=peak_mb()).show()


def main(large: bool) -> None:
    for rows in LARGE if large else SIZES:
        measure(rows)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench.pricing", description="Pricing beside its yardsticks")
    parser.add_argument("--rows", type=int, action="append", metavar="N", help="conversions; may be given again")
    for rows in parser.parse_args().rows or SIZES:
        measure(rows)
