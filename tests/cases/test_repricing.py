"""Spec 20, what a conversion keeps: a later change of turnover, against the engine and the reference."""

import pytest

from tests.factories import pricing
from tests.factories.implementations import Implementation
from tests.factories.pricing import credits_to_a, program_paying
from tests.factories.tables import Row, minor, table
from tests.reference.pricing import ItemChange, PricedOrder

LARGE = "4 %; group large: 8 % when order_total gte 200"
WORKED_CASES = table(f"""
    turnover | kept | new  | commission | terms
    100      | 10   | 80   | 8.00       | 10 %
    100      | 5    | 80   | 5.00       | fixed 5.00 USD
    250      | 20   | 100  | 8.00       | {LARGE}
    199      | 7.96 | 1000 | 40.00      | {LARGE}
    100      | 11   | 0    | 1.00       | 10 %; adjust a: +1.00 USD
    100      | 10.5 | 80   | 8.40       | 10 %; adjust a: +5 %
    100      | 10.5 | 0    | 0.00       | 10 %; adjust a: +5 % when order_total gte 100
    100      | 0    | 200  | 0.00       | 10 %; restrict x: order_total lte 100
    100      | 2    | 50   | 2.00       | fixed 2.00 USD; level item
    100      | 12   | 50   | 7.00       | 10 %; adjust a: +2.00 USD; level item
    100      | 7    | 200  | 17.00      | 10 %; adjust a: -3.00 USD
    100      | 7    | 20   | 0.00       | 10 %; adjust a: -3.00 USD
    0        | 0    | 50   | 5.00       | 10 %
    0        | 0    | 0    | 0.00       | 10 %
    0.05     | 0.01 | 0.04 | 0.00       | 10 %
""")


@pytest.mark.parametrize("case", WORKED_CASES, ids=lambda row: f"{row['turnover']} to {row['new']}, {row['terms']}")
def test_a_new_turnover_of_an_order(implementation: Implementation, case: Row) -> None:
    """The kept rate prices it; rules are not judged again, a fixed payout and amounts stay."""
    kept = priced(implementation, case)
    assert kept.commission_minor == minor(case["kept"], "USD")
    [repriced] = implementation.reprice([kept], {0: minor(case["new"], "USD")}, {})
    assert (repriced.turnover_minor, repriced.rate) == (minor(case["new"], "USD"), kept.rate)
    assert repriced.commission_minor == minor(case["commission"], "USD")


def priced(implementation: Implementation, row: Row) -> PricedOrder:
    order = pricing.order({"turnover": row["turnover"]})
    items = pricing.items(row.get("items", ""), "USD")
    [kept] = implementation.price(program_paying(row["terms"]), [order], credits_to_a([order]), items)
    return kept


CARDS = "10 %; level item; restrict x: category in card"
SCALED = table(f"""
    items                  | turnover | new  | by item        | commission | terms
    shoes 60, card 40      | 100      | 80   | 48 32          | 4.80       | {CARDS}
    shoes 60, card 40      | 100      | 0    | 0 0            | 0.00       | {CARDS}
    shoes 60, card 30      | 100      | 80   | 48 24          | 4.80       | {CARDS}
    a 33, b 33, c 34       | 100      | 50   | 16.5 16.5 17   | 5.00       | 10 %; level item
    a 0.33, b 0.33, c 0.34 | 1        | 0.5  | 0.17 0.16 0.17 | 0.06       | 10 %; level item
    a 0.01, b 0.01, c 0.01 | 0.03     | 0.01 | 0.01 0 0       | 0.01       | 50 %; level item
    a 0.01, b 0.02, c 0.03 | 0.06     | 0.03 | 0.01 0.01 0.01 | 0.03       | 100 %; level item
    a 0.01, b 0.01         | 0.10     | 0.05 | 0.01 0         | 0.01       | 100 %; level item
    a 0.01                 | 0.10     | 0.05 | 0.01           | 0.01       | 100 %; level item
    a 0.01                 | 0.10     | 0.04 | 0              | 0.00       | 100 %; level item
    a 60, b 40             | 100      | 150  | 90 60          | 15.00      | 10 %; level item
    a 0, b 0               | 100      | 150  | 0 0            | 0.00       | 10 %; level item
    a 2x 60, b 3x 40       | 100      | 50   | 30 20          | 10.00      | fixed 2.00 USD; level item
    a 60, b 40             | 100      | 0    | 0 0            | 2.00       | 10 %; level item; adjust a: +1.00 USD
    a 60, b 40             | 100      | 50   | 60 40          | 5.00       | 10 %
    a 60, b 40             | 0        | 50   | 60 40          | 5.00       | 10 %
""")


@pytest.mark.parametrize("case", SCALED, ids=lambda row: f"{row['items']} of {row['turnover']} to {row['new']}")
def test_the_turnover_of_items_is_scaled_where_they_are_paid_one_by_one(
    implementation: Implementation, case: Row
) -> None:
    """By new / old, rounded by largest remainder, so that the items keep their share."""
    kept = priced(implementation, case)
    [repriced] = implementation.reprice([kept], {0: minor(case["new"], "USD")}, {})
    turnovers = [item.turnover_minor for item in repriced.items]
    assert turnovers == [minor(amount, "USD") for amount in case["by item"].split()]
    assert repriced.commission_minor == minor(case["commission"], "USD")
    assert [item.rate for item in repriced.items] == [item.rate for item in kept.items]


CHANGED = table(f"""
    items             | turnover | changes  | by item | order | commission | terms
    a 60, b 40        | 100      | 1: 1x 30 | 30 40   | 70    | 7.00       | 10 %; level item
    a 60, b 40        | 100      | 2: 0x 0  | 60 0    | 60    | 6.00       | 10 %; level item
    a 60, b 40        | 100      | 1: 0x 0  | 0 40    | 40    | 5.00       | 10 %; level item; adjust a: +1.00 USD
    a 60, b 40        | 110      | 1: 1x 80 | 80 40   | 130   | 12.00      | 10 %; level item
    shoes 60, card 40 | 100      | 2: 2x 80 | 60 80   | 140   | 6.00       | {CARDS}
    a 3x 60, b 40     | 100      | 1: 2x 40 | 40 40   | 80    | 6.00       | fixed 2.00 USD; level item
    a 3x 60, b 40     | 100      | 1: 0x 0  | 0 40    | 40    | 2.00       | fixed 2.00 USD; level item
    a 60, b 40        | 100      | 1: 1x 30 | 30 40   | 70    | 7.00       | 10 %
    a 3x 60, b 40     | 100      | 1: 2x 30 | 30 40   | 70    | 2.00       | fixed 2.00 USD
    a 60, b 40        | 50       | 1: 0x 0  | 0 40    | 0     | 0.00       | 10 %
""")


@pytest.mark.parametrize("case", CHANGED, ids=lambda row: f"{row['items']}: {row['changes']}, {row['terms']}")
def test_a_changed_or_cancelled_item_changes_alone(implementation: Implementation, case: Row) -> None:
    """The order's turnover follows by what the item's changes."""
    kept = priced(implementation, case)
    item_id, change = case["changes"].split(": ")
    quantity, turnover = change.split("x ")
    changes = {(0, item_id): ItemChange(int(quantity), minor(turnover, "USD"))}
    [repriced] = implementation.reprice([kept], {}, changes)
    turnovers = [item.turnover_minor for item in repriced.items]
    assert turnovers == [minor(amount, "USD") for amount in case["by item"].split()]
    assert repriced.turnover_minor == minor(case["order"], "USD")
    assert repriced.commission_minor == minor(case["commission"], "USD")


def test_only_what_is_named_changes(implementation: Implementation) -> None:
    kept = [
        priced(implementation, {"turnover": "100", "terms": terms}) for terms in ("10 %", "20 %; level item", "5 %")
    ]
    repriced = implementation.reprice(kept, {1: 50_00}, {})
    assert [one.commission_minor for one in repriced] == [10_00, 10_00, 5_00]
    assert (repriced[0], repriced[2]) == (kept[0], kept[2])
    assert implementation.reprice(kept, {}, {}) == kept
