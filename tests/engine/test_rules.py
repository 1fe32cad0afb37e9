"""Rules, judged for many rows at once: spec 20, Terms."""

from collections.abc import Sequence
from decimal import Decimal

import polars as pl
import pytest

from accredit.engine import frames, rules
from accredit.engine.program import RULE_FIELDS, Rule
from accredit.engine.rules import Clauses, Judge
from tests.factories.pricing import rules as parsed
from tests.factories.tables import Row, table

ORDER: Row = {
    "customer_status": "New", "country": "DE", "category": "shoes", "promo_code": "A10; b20 ,C30", "turnover": "100.00",
}  # fmt: skip


def orders(rows: Sequence[Row]) -> pl.DataFrame:
    """One row an order: text fields, `turnover` (major units with two decimals), `lot`."""
    text = {name: [row.get(name) for row in rows] for name in RULE_FIELDS if name in frames.CONVERSIONS}
    return pl.DataFrame(text, schema=dict.fromkeys(text, pl.String)).with_columns(
        pl.Series("turnover_minor", [int(Decimal(row["turnover"]) * 100) for row in rows], dtype=pl.Int64),
        pl.Series("lot", [int(row.get("lot", "0")) for row in rows], dtype=pl.UInt32),
        pl.int_range(len(rows), dtype=pl.UInt32).alias("conversion"),
    )


def basket(rows: Sequence[Row]) -> pl.DataFrame:
    """One row an item: `conversion`, `category`, `sku`, `quantity`, `turnover`; of lot 0."""
    return pl.DataFrame(
        [
            {
                "conversion": int(row.get("conversion", "0")),
                "item_id": str(number),
                "quantity": int(row.get("quantity", "1")),
                "turnover_minor": int(Decimal(row["turnover"]) * 100),
                "sku": row.get("sku") or None,
                "category": row.get("category") or None,
            }
            for number, row in enumerate(rows)
        ],
        schema=dict(frames.ITEMS),
    ).with_columns(pl.lit(0, pl.UInt32).alias("lot"))


def matching(clauses: Sequence[Sequence[Rule]], order: Row, items: Sequence[Row] = ()) -> list[bool]:
    """Which clauses match one order as a whole."""
    judge = Judge([Clauses(tuple(map(tuple, clauses)), order.get("currency", "USD"))])
    [words] = judge.orders(orders([order]), basket(items)).iter_rows()
    return [bool(words[n // 64] >> n % 64 & 1) for n in range(len(clauses))]


TEXTS = table("""
    rule                               | matches
    country in DE                      | yes
    country in FR/de/AT                | yes
    country in FR                      | no
    country not_in FR                  | yes
    country not_in de                  | no
    region in DE                       | no
    region not_in DE                   | yes
    promo_code in B20                  | yes
    promo_code in c30                  | yes
    promo_code in A10; b20 ,C30        | no
    promo_code not_in B20              | no
    promo_code not_in D40              | yes
    sku in shoes                       | no
    sku not_in shoes                   | yes
    category in shoes                  | yes
    quantity lte 1                     | yes
    quantity gt 1                      | no
    item_total gte 100                 | yes
    order_total gte 100                | yes
    order_total gt 100                 | no
    order_total lte 100                | yes
    order_total lt 100                 | no
    order_total gte 100.001            | no
    order_total gt 99.995              | yes
    order_total lte 100.001            | yes
    order_total lt 99.999              | no
    order_total lt 1e30                | yes
    order_total gt 1e30                | no
    order_total gt -1e30               | yes
    order_total lt 1e-999              | no
    order_total gt 1e-999              | yes
    country in DE and order_total gt 1 | yes
    country in DE and country not_in DE| no
    order_total gt 1 and order_total lt 100 | no
""")


@pytest.mark.parametrize("case", TEXTS, ids=lambda row: row["rule"])
def test_one_order_without_items(case: Row) -> None:
    assert matching([parsed(case["rule"])], ORDER) == [case["matches"] == "yes"]


@pytest.mark.parametrize(("sent", "listed"), [
    (" DE\t", "de"), ("ÖL", "öl"), ("öl", "ÖL"), ("ΟΔΟΣ", "οδος"), ("İ", "i̇"), ("\u2003x\u00a0", "X"), ("x", "  x "),
])  # fmt: skip
def test_text_compares_without_case_and_outer_blanks(sent: str, listed: str) -> None:
    assert matching([(Rule("country", "in", (listed,)),)], {**ORDER, "country": sent}) == [True]


@pytest.mark.parametrize("nothing", ["", "   ", None])
def test_a_field_without_a_value_matches_not_in_only(nothing: str | None) -> None:
    order = {**ORDER, "country": nothing, "promo_code": nothing}
    listed = ("", " ", "DE", "A10")
    clauses = [(Rule(field, operator, listed),) for field in ("country", "promo_code") for operator in ("in", "not_in")]
    assert matching(clauses, order) == [False, True, False, True]  # type: ignore[arg-type]


THRESHOLDS = table("""
    currency | rule                  | 99 minor | 100 minor | 101 minor
    JPY      | order_total gte 99.5  | no       | yes       | yes
    JPY      | order_total lt 100.5  | yes      | yes       | no
    USD      | order_total gte 1     | no       | yes       | yes
    USD      | order_total gt 1.00   | no       | no        | yes
    KWD      | order_total lte 0.1   | yes      | yes       | no
    KWD      | order_total lt 0.1005 | yes      | yes       | no
    CLF      | item_total gt 0.01    | no       | no        | yes
    CLF      | quantity gte 100      | no       | no        | no
""")


@pytest.mark.parametrize("case", THRESHOLDS, ids=lambda row: f"{row['currency']} {row['rule']}")
def test_amounts_in_rules_are_in_the_currency_of_the_conversion(case: Row) -> None:
    judge = Judge([Clauses((parsed(case["rule"]),), case["currency"])])
    masks = judge.orders(orders([{"turnover": amount} for amount in ("0.99", "1.00", "1.01")]), basket([]))
    assert ["yes" if mask & 1 else "no" for (mask,) in masks.iter_rows()] == list(case.values())[2:]


BASKET = table("""
    category | sku | quantity | turnover
    shoes    | s1  | 1        | 10
    -        | s2  | 3        | 60
    hats     | -   | 2        | 30
""")
BASKET_RULES = table("""
    rule                                      | order | items
    category in hats                          | yes   | no no yes
    category not_in hats                      | no    | yes yes no
    category not_in gloves                    | yes   | yes yes yes
    category in hats and category not_in shoes | no   | no no yes
    category in hats and sku in s1            | yes   | no no no
    category in hats and item_total lt 20     | yes   | no no no
    sku not_in s1/s2                          | no    | no no yes
    quantity gte 3                            | yes   | no yes no
    quantity gt 3                             | no    | no no no
    quantity gte 2 and quantity lt 2          | yes   | no no no
    item_total gte 60                         | yes   | no yes no
    item_total gte 100                        | no    | no no no
    item_total lte 10                         | yes   | yes no no
    order_total gte 100                       | yes   | yes yes yes
    country in DE and quantity lte 1          | yes   | yes no no
    category in coats                         | no    | no no no
""")


@pytest.mark.parametrize("case", BASKET_RULES, ids=lambda row: row["rule"])
def test_items_as_a_whole_and_each_alone(case: Row) -> None:
    """The order's own category, coats, counts for no item."""
    order = {**ORDER, "category": "coats"}
    clause = parsed(case["rule"])
    assert matching([clause], order, BASKET) == [case["order"] == "yes"]
    alone = Judge([Clauses((clause,), "USD")]).items(orders([order]), basket(BASKET))
    assert ["yes" if mask & 1 else "no" for (mask,) in alone.iter_rows()] == case["items"].split()


def test_more_clauses_than_bits_in_a_word() -> None:
    clauses = [(Rule("country", "in", ("DE",) if n % 3 == 0 else ("FR",)),) for n in range(200)]
    assert matching(clauses, ORDER) == [n % 3 == 0 for n in range(200)]
    assert matching([*clauses, parsed("category in hats"), ()], ORDER, BASKET)[-3:] == [False, True, True]


def test_lots_are_judged_by_their_own_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where tables of hits would be too large."""
    lots = [Clauses((parsed(f"country in C{n}"), parsed("country not_in C1/C2")), "USD") for n in range(5)]
    frame = orders([{"turnover": "1", "country": f"c{n % 4}", "lot": str(n % 5)} for n in range(20)])
    masks = Judge(lots).orders(frame, basket([]))["mask_0"].to_list()
    assert [(mask & 1, mask >> 1 & 1) for mask in masks] == [(n % 4 == n % 5, n % 4 not in (1, 2)) for n in range(20)]
    monkeypatch.setattr(rules, "DENSE_SLOTS", 3)
    assert Judge(lots).orders(frame, basket([]))["mask_0"].to_list() == masks
