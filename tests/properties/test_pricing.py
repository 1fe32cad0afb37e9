"""Spec 20 on generated programs: what is priced, kept and priced again.

`tests.properties.examples` says how to run more of them.
"""

from hypothesis import given
from hypothesis import strategies as st

from tests.factories import engine
from tests.properties.examples import examples
from tests.properties.strategies import Priceable, changes_of, priceables
from tests.reference import pricing
from tests.reference.pricing import PricedOrder


def priced_by_engine(given: Priceable) -> list[PricedOrder]:
    return engine.price(given.program, given.conversions, given.credits, given.items)


def expect_no_negative_commission(orders: list[PricedOrder]) -> None:
    assert all(order.commission_minor >= 0 for order in orders)
    assert all((item.commission_minor or 0) >= 0 for order in orders for item in order.items)


@examples(500)
@given(priceables())
def test_orders_are_priced_as_the_reference_prices_them(given: Priceable) -> None:
    priced = priced_by_engine(given)
    assert priced == pricing.price(given.program, given.conversions, given.credits, given.items)
    assert engine.summarize(priced) == pricing.summarize(priced)
    expect_no_negative_commission(priced)


@examples(120)
@given(priceables())
def test_the_kept_trace_reproduces_the_commission(given: Priceable) -> None:
    """From the kept figures alone: by the reference's arithmetic, and by the engine's own for no change at all."""
    priced = priced_by_engine(given)
    assert [pricing.work_out(order) for order in priced] == priced
    unchanged = {number: order.turnover_minor for number, order in enumerate(priced) if order.turnover_minor > 0}
    assert engine.reprice(priced, unchanged, {}) == priced


@examples(300)
@given(priceables(), st.binary(min_size=100, max_size=100))
def test_orders_are_repriced_as_the_reference_reprices_them(given: Priceable, data: bytes) -> None:
    priced = pricing.price(given.program, given.conversions, given.credits, given.items)
    turnovers, items = changes_of(data, priced)
    repriced = engine.reprice(priced, turnovers, items)
    assert repriced == pricing.reprice(priced, turnovers, items)
    expect_no_negative_commission(repriced)
