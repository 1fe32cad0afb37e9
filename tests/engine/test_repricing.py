"""Later changes of turnover: spec 20, What a conversion keeps."""

from collections.abc import Sequence
from typing import Any

import polars as pl
import pytest

from accredit.engine import frames
from accredit.engine.pricing import Trace, reprice, summarize
from accredit.engine.repricing import (
    ChangedTwice,
    QuantityOutOfRange,
    TurnoverNotScalable,
    TurnoverOutOfRange,
    UnknownConversion,
    UnknownItem,
)
from accredit.engine.trace import CommissionTooLarge, PricingError, worked_out
from accredit.money import MAX_AMOUNT_MINOR
from tests.factories.tables import Row, table

ITEM_CHANGE = {name: frames.ITEMS[name] for name in ("conversion", "item_id", "quantity", "turnover_minor")}
TURNOVER = {name: frames.ITEMS[name] for name in ("conversion", "turnover_minor")}

KEPT: dict[str, dict[str, Any]] = {
    "10 %": {"percent_ppm": 100_000},
    "100 %": {"percent_ppm": 1_000_000},
    "10 % +5 %": {"percent_ppm": 100_000, "adjustments": [("five", 50_000, None)]},
    "10 % +1.00": {"percent_ppm": 100_000, "adjustments": [("one", None, 100)]},
    "fixed 5.00": {"fixed_minor": 500},
    "fixed 5.00 -50 % +1.00": {"fixed_minor": 500, "adjustments": [("half", -500_000, None), ("one", None, 100)]},
    "nothing": {"model": None, "restriction": "cards"},
}


def trace(
    turnovers: list[int], rates: list[str | None], items: Sequence[tuple[int, str, int, int, str | None]]
) -> Trace:
    """A trace as it was kept: rates by their name in KEPT, items as (conversion, item id, quantity, turnover, rate)."""
    numbers = {name: number for number, name in enumerate(KEPT)}
    kept = pl.DataFrame(
        [
            {
                "rate": number, "terms": "standard", "terms_version": 1, "level": "item", "currency": "USD",
                "model": name,
                **KEPT[name],
                "adjustments": [
                    dict(zip(("name", "percent_ppm", "amount_minor"), one, strict=True))
                    for one in KEPT[name].get("adjustments", [])
                ],
            }
            for name, number in numbers.items()
        ],
        schema=dict(frames.RATES),
    )  # fmt: skip
    orders = pl.DataFrame(
        {
            "currency": ["USD"] * len(rates),
            "turnover_minor": turnovers,
            "rate": [numbers.get(name or "") for name in rates],
        },
        schema={name: kind for name, kind in frames.PRICED_ORDERS.items() if name != "commission_minor"},
    )
    lines = pl.DataFrame(
        [(*item[:4], numbers.get(item[4] or "")) for item in items],
        schema={name: kind for name, kind in frames.PRICED_ITEMS.items() if name != "commission_minor"},
        orient="row",
    )
    return worked_out(orders, lines, kept)


def new_turnover(*rows: tuple[int | None, int | None]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=TURNOVER, orient="row")


def new_items(*rows: tuple[int | None, str | None, int | None, int | None]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=ITEM_CHANGE, orient="row")


ORDERS = table("""
    kept                   | turnover | new  | before | after
    10 %                   | 10000    | 8000 | 1000   | 800
    10 %                   | 10000    | 0    | 1000   | 0
    10 %                   | 0        | 8000 | 0      | 800
    10 % +1.00             | 10000    | 0    | 1100   | 100
    10 % +5 %              | 10000    | 5000 | 1050   | 525
    fixed 5.00             | 10000    | 8000 | 500    | 500
    fixed 5.00 -50 % +1.00 | 10000    | 0    | 350    | 350
    nothing                | 10000    | 8000 | 0      | 0
    -                      | 10000    | 8000 | 0      | 0
""")


@pytest.mark.parametrize("case", ORDERS, ids=lambda row: f"{row['kept']} {row['turnover']} → {row['new']}")
def test_a_new_turnover_of_an_order(case: Row) -> None:
    before = trace([int(case["turnover"])], [case["kept"] or None], [])
    after = reprice(before, turnover=new_turnover((0, int(case["new"]))))
    assert before.orders["commission_minor"].to_list() == [int(case["before"])]
    assert after.orders["commission_minor"].to_list() == [int(case["after"])]
    assert after.orders["turnover_minor"].to_list() == [int(case["new"])]
    assert after.orders["rate"].to_list() == before.orders["rate"].to_list()


SCALED = table("""
    items          | old   | new   | scaled        | why
    6000 4000      | 10000 | 8000  | 4800 3200     | exactly
    1 1 1          | 3     | 2     | 1 1 0         | ties go to the items that stand first
    1 1 1          | 3     | 1     | 1 0 0         | ties go to the items that stand first
    1 1 1          | 3     | 4     | 2 1 1         | ties go to the items that stand first
    1 2 3          | 6     | 3     | 1 1 1         | halves: the first is rounded up, the third down
    333 333 334    | 1000  | 500   | 167 166 167   | the first of two halves
    10 20 70       | 100   | 99    | 10 20 69      | 9.9 19.8 69.3
    500 500        | 900   | 899   | 500 499       | items need not sum to the order: 998.89 to share
    5000           | 10000 | 5000  | 2500          | nor be all of it
    0 100          | 100   | 50    | 0 50          | what was nothing stays nothing
    7 7            | 14    | 0     | 0 0           | down to nothing
    50 50          | 100   | 100   | 50 50         | no change
    0 0            | 0     | 0     | 0 0           | nothing stays nothing
    999999999999999 999999999999999 | 999999999999999 | 999999999999998 | 999999999999998 999999999999998 | the largest
""")


@pytest.mark.parametrize("case", SCALED, ids=lambda row: f"{row['items']}: {row['old']} → {row['new']}")
def test_items_keep_their_share_by_largest_remainder(case: Row) -> None:
    items = [(0, str(n), 1, int(turnover), "10 %") for n, turnover in enumerate(case["items"].split())]
    for given in (items, items[::-1]):
        before = trace([int(case["old"])], [None], given)
        after = reprice(before, turnover=new_turnover((0, int(case["new"]))))
        scaled = dict(after.items.select("item_id", "turnover_minor").iter_rows())
        assert [scaled[str(n)] for n in range(len(items))] == [int(turnover) for turnover in case["scaled"].split()]
        expected = sum((turnover + 5) // 10 for turnover in scaled.values())
        assert after.orders.row(0) == ("USD", int(case["new"]), None, expected)


def test_restricted_and_cancelled_items_are_scaled_and_paid_nothing() -> None:
    before = trace(
        [100_00], [None], [(0, "a", 1, 60_00, "10 %"), (0, "b", 1, 40_00, "nothing"), (0, "c", 0, 0, "10 % +1.00")]
    )
    after = reprice(before, turnover=new_turnover((0, 80_00)))
    assert after.items["turnover_minor"].to_list() == [48_00, 32_00, 0]
    assert after.items["commission_minor"].to_list() == [4_80, 0, 0]
    assert after.orders["commission_minor"].to_list() == [4_80]


def test_items_of_an_order_that_is_priced_as_a_whole_are_not_scaled() -> None:
    before = trace([100_00], ["10 %"], [(0, "a", 1, 60_00, None)])
    after = reprice(before, turnover=new_turnover((0, 50_00)))
    assert after.items.equals(before.items)
    assert after.orders.row(0) == ("USD", 50_00, before.orders["rate"][0], 5_00)


CHANGED_ITEMS = table("""
    order's rate | item's rate            | quantity | turnover | order's turnover | commission
    -            | 10 %                   | 1        | 2000     | 8000             | 800
    -            | 10 %                   | 0        | 0        | 6000             | 600
    -            | 10 % +1.00             | 1        | 0        | 6000             | 700
    -            | 10 % +1.00             | 0        | 0        | 6000             | 600
    -            | fixed 5.00             | 3        | 2000     | 8000             | 2100
    -            | fixed 5.00             | 0        | 0        | 6000             | 600
    -            | fixed 5.00 -50 % +1.00 | 2        | 4000     | 10000            | 1200
    -            | nothing                | 1        | 9000     | 15000            | 600
    10 %         | -                      | 1        | 2000     | 8000             | 800
    10 %         | -                      | 0        | 0        | 6000             | 600
    fixed 5.00   | -                      | 0        | 0        | 6000             | 500
    -            | -                      | 0        | 0        | 6000             | 0
""")


@pytest.mark.parametrize("case", CHANGED_ITEMS, ids=lambda row: " ".join(row.values()))
def test_a_changed_item_changes_alone(case: Row) -> None:
    """One of 40.00 beside another of 60.00; the order's turnover changes by the difference."""
    other = "10 %" if case["item's rate"] else None
    before = trace(
        [100_00],
        [case["order's rate"] or None],
        [(0, "b", 2, 40_00, case["item's rate"] or None), (0, "a", 1, 60_00, other)],
    )
    after = reprice(before, items=new_items((0, "b", int(case["quantity"]), int(case["turnover"]))))
    assert after.orders["turnover_minor"].to_list() == [int(case["order's turnover"])]
    assert after.orders["commission_minor"].to_list() == [int(case["commission"])]
    assert after.items.row(1) == before.items.row(1)
    assert after.items.row(0)[2:4] == (int(case["quantity"]), int(case["turnover"]))
    assert after.items["rate"].equals(before.items["rate"])
    assert after.items["commission_minor"].is_null().equals(before.items["rate"].is_null())


def test_a_cancelled_item_may_come_back() -> None:
    before = trace([100_00], [None], [(0, "a", 1, 100_00, "10 % +1.00")])
    cancelled = reprice(before, items=new_items((0, "a", 0, 0)))
    assert cancelled.orders.row(0) == ("USD", 0, None, 0)
    assert reprice(cancelled, items=new_items((0, "a", 1, 100_00))).orders.equals(before.orders)


def test_the_turnover_of_an_order_is_held_at_zero() -> None:
    """A discount made the order cheaper than its items."""
    before = trace([30_00], ["10 %"], [(0, "a", 1, 40_00, None)])
    assert reprice(before, items=new_items((0, "a", 0, 0))).orders.row(0)[1::2] == (0, 0)


def test_conversions_that_are_not_named_stay_exactly_as_they_are() -> None:
    """Also where a commission was set by hand."""
    before = trace(
        [100_00] * 4,
        ["10 %", None, "10 %", None],
        [(3, "a", 1, 50_00, "10 %"), (1, "a", 1, 50_00, "10 %"), (1, "b", 1, 50_00, "10 %")],
    )
    by_hand = before.orders.with_columns(commission_minor=before.orders["commission_minor"] + 7)
    items_by_hand = before.items.with_columns(commission_minor=before.items["commission_minor"] + 7)
    before = Trace(by_hand, items_by_hand, before.rates)
    after = reprice(before, turnover=new_turnover((2, 50_00)), items=new_items((1, "b", 1, 10_00)))
    assert after.orders["commission_minor"].to_list() == [10_07, 6_00, 5_00, 5_07]
    assert after.items["commission_minor"].to_list() == [5_07, 5_00, 1_00]
    assert after.rates is before.rates
    assert summarize(after)["commission_minor"].to_list() == after.orders["commission_minor"].to_list()


def test_no_change_changes_nothing() -> None:
    before = trace([100_00, 5], ["10 %", None], [(1, "a", 2, 50_00, "fixed 5.00")])
    for after in (
        reprice(before),
        reprice(before, turnover=new_turnover(), items=new_items()),
        reprice(before, turnover=new_turnover((0, 100_00), (1, 5))),
        reprice(before, items=new_items((1, "a", 2, 50_00))),
    ):
        assert after.orders.equals(before.orders)
        assert after.items.equals(before.items)


LARGEST = MAX_AMOUNT_MINOR
Refused = tuple[type[PricingError], pl.DataFrame | None, pl.DataFrame | None, str]
REFUSED: list[Refused] = [
    (UnknownConversion, new_turnover((0, 1), (4, 1)), None, "conversions 4: the trace has rows 0 to 3 only"),
    (UnknownConversion, new_turnover((None, 1)), None, "conversions None: the trace has rows 0 to 3 only"),
    (UnknownConversion, None, new_items((9, "a", 1, 1)), "conversions 9: the trace has rows 0 to 3 only"),
    (UnknownItem, None, new_items((1, "c", 1, 1)), "conversions 1: no item 'c'"),
    (UnknownItem, None, new_items((2, "x", 1, 1)), "conversions 2: no item 'x'"),
    (UnknownItem, None, new_items((1, None, 1, 1)), "conversions 1: no item None"),
    (ChangedTwice, new_turnover((0, 1), (0, 1)), None, "conversions 0: name each conversion once only"),
    (ChangedTwice, None, new_items((1, "a", 1, 1), (1, "a", 1, 2)), "conversions 1: name each conversion and item_id"),
    (ChangedTwice, new_turnover((1, 1)), new_items((1, "a", 1, 1)), "conversions 1: name either the order's new"),
    (TurnoverOutOfRange, new_turnover((0, -1)), None, "conversions 0: a new turnover is zero or more and below 10^15"),
    (TurnoverOutOfRange, new_turnover((0, None)), None, "conversions 0: a new turnover is zero or more"),
    (TurnoverOutOfRange, new_turnover((0, LARGEST + 1)), None, "conversions 0: a new turnover is zero or more"),
    (TurnoverOutOfRange, None, new_items((1, "a", 1, -1)), "conversions 1: a new turnover is zero or more"),
    (TurnoverOutOfRange, None, new_items((3, "a", 1, 11)), "conversions 3: the turnover that follows from the change"),
    (TurnoverOutOfRange, new_turnover((1, LARGEST)), None, "conversions 1: the turnover that follows from the change"),
    (QuantityOutOfRange, None, new_items((1, "a", -1, 1)), "conversions 1: a quantity is a whole number from 1"),
    (QuantityOutOfRange, None, new_items((1, "a", None, 1)), "conversions 1: a quantity is a whole number from 1"),
    (QuantityOutOfRange, None, new_items((1, "a", 10**8 + 1, 1)), "conversions 1: a quantity is a whole number from"),
    (QuantityOutOfRange, None, new_items((1, "a", 0, 1)), "or 0 with turnover 0 for a cancelled item"),
    (TurnoverNotScalable, new_turnover((2, 1)), None, "conversions 2: the order's turnover was 0, so that its items"),
    (
        CommissionTooLarge,
        None,
        new_items((0, "x", 1, LARGEST)),
        "conversions 0: the commission would reach 10^15 minor",
    ),
]


@pytest.mark.parametrize(("error", "turnover", "items", "message"), REFUSED)
def test_what_cannot_be_changed_is_refused(
    error: type[PricingError], turnover: pl.DataFrame | None, items: pl.DataFrame | None, message: str
) -> None:
    before = trace(
        [10, 50_00, 0, LARGEST],
        [None] * 4,
        [
            (1, "a", 1, 60_00, "10 %"),
            (1, "b", 1, 60_00, "10 %"),
            (2, "a", 1, 60_00, "10 %"),
            (3, "a", 1, 10, "10 %"),
            *((0, item, 1, 10, "100 %") for item in "xyz"),
        ],
    )
    with pytest.raises(error) as refused:
        reprice(before, turnover=turnover, items=items)
    assert message in str(refused.value)
