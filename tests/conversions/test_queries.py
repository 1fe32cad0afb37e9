"""What conversions keep is enough to price a change of turnover, long after the terms changed."""

from uuid import UUID

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from accredit.conversions.models import Conversion
from accredit.conversions.queries import UnknownConversions, trace
from accredit.engine.deciding import decide
from accredit.engine.frames import PRICED_ITEMS, PRICED_ORDERS, RATES
from accredit.engine.repricing import reprice
from accredit.engine.trace import summarize
from accredit.programs.queries import program_value
from tests.conversions.test_loading import CLICKS, ITEMS, ORDERS
from tests.factories.installing import clicks, install, items, load, orders

pytestmark = pytest.mark.django_db


def ids(*tokens: str) -> list[UUID]:
    found = dict(Conversion.objects.values_list("order_token", "id"))
    return [found[token] for token in tokens]


def test_the_kept_trace_is_the_one_that_was_decided() -> None:
    program, placed = install(), orders(ORDERS)
    lines = items(ITEMS, placed)
    load(program, clicks(CLICKS), placed, lines)
    decided = decide(program_value(program.id), placed, clicks(CLICKS), lines)
    kept = trace(program.id, ids(*placed["order_token"]))
    assert dict(kept.orders.schema) == dict(PRICED_ORDERS)
    assert dict(kept.items.schema) == dict(PRICED_ITEMS)
    assert dict(kept.rates.schema) == dict(RATES)
    assert_frame_equal(kept.orders.drop("rate"), decided.trace.orders.drop("rate"))
    assert_frame_equal(summarize(kept), decided.summary)
    assert_frame_equal(
        kept.items.drop("rate"), decided.trace.items.drop("rate").sort("conversion", "item_id"), check_row_order=True
    )


def test_a_turnover_changes_by_what_was_kept() -> None:
    program, placed = install(), orders(ORDERS)
    load(program, clicks(CLICKS), placed, items(ITEMS, placed))
    kept = trace(program.id, ids("2", "4", "3"))
    changed = reprice(
        kept,
        turnover=pl.DataFrame(
            {"conversion": [0, 1], "turnover_minor": [4000, 2000]},
            schema={"conversion": pl.UInt32, "turnover_minor": pl.Int64},
        ),
    )
    assert changed.orders["commission_minor"].to_list() == [730, 63, 0]
    assert changed.items["turnover_minor"].to_list() == [6000, 500, 1500]


def test_ids_of_nothing_are_named() -> None:
    program = install()
    load(program, orders=orders("order | at | turnover\n 1 | T | 1.00"))
    missing = UUID(int=7)
    with pytest.raises(UnknownConversions, match=f"The program has no conversions {missing}: 1 in all"):
        trace(program.id, [*ids("1"), missing])
