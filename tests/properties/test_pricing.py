"""Spec 20 on generated programs: what is priced, kept and priced again.

`tests.properties.examples` says how to run more of them.
"""

from collections.abc import Mapping
from dataclasses import replace
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accredit.engine import rules as engine_rules
from accredit.engine.program import Payout, PayoutGroup, Rate, Rule
from accredit.engine.trace import CommissionTooLarge
from accredit.money import MAX_AMOUNT_MINOR
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


@examples(450)
@given(priceables())
def test_orders_are_priced_as_the_reference_prices_them(given: Priceable) -> None:
    priced = priced_by_engine(given)
    assert priced == pricing.price(given.program, given.conversions, given.credits, given.items)
    assert engine.summarize(priced) == pricing.summarize(priced)
    expect_no_negative_commission(priced)


def expect_the_reference_prices(given: Priceable) -> None:
    assert priced_by_engine(given) == pricing.price(given.program, given.conversions, given.credits, given.items)


NEVER = PayoutGroup("never", Rate(percent_ppm=1), (Rule("country", "in", ("nowhere",)), Rule("sku", "in", ("none",))))


@examples(30)
@given(priceables())
def test_terms_with_very_many_groups(given: Priceable) -> None:
    """More of them than a machine word has bits, those that match at the end."""
    terms = tuple(
        replace(one, payouts=tuple(replace(payout, groups=(NEVER,) * 130 + payout.groups) for payout in one.payouts))
        for one in given.program.terms
    )
    expect_the_reference_prices(replace(given, program=replace(given.program, terms=terms)))


@examples(30)
@given(priceables())
def test_rules_with_very_many_values(given: Priceable) -> None:
    """Above a size the engine keeps what rules hit another way: here at every size."""
    with patch.object(engine_rules, "DENSE_SLOTS", 0):
        expect_the_reference_prices(given)


def enlarged(given: Priceable) -> Priceable:
    """The largest figures that may be set up and come in: 60 adjustments of up to 1,000 %, amounts just below 10^15."""

    def large(amounts: Mapping[str, int] | None) -> Mapping[str, int] | None:
        return amounts and {
            currency: amount if abs(amount) < 500 else MAX_AMOUNT_MINOR * (1 if amount > 0 else -1)
            for currency, amount in amounts.items()
        }

    def largest(payout: Payout) -> Payout:
        adjustments = [replace(one, amount=large(one.amount)) for one in payout.adjustments]
        return replace(
            payout,
            rate=replace(payout.rate, fixed=large(payout.rate.fixed)),
            groups=tuple(replace(one, rate=replace(one.rate, fixed=large(one.rate.fixed))) for one in payout.groups),
            adjustments=tuple((adjustments * 60)[:60]),
        )

    terms = [replace(one, payouts=tuple(largest(payout) for payout in one.payouts)) for one in given.program.terms]
    return replace(
        given,
        program=replace(given.program, terms=tuple(terms)),
        conversions=[
            replace(one, turnover_minor=MAX_AMOUNT_MINOR) if one.turnover_minor > 10_000 else one
            for one in given.conversions
        ],
        items=tuple(
            replace(
                one,
                turnover_minor=MAX_AMOUNT_MINOR if one.turnover_minor > 10_000 else one.turnover_minor,
                quantity=10**8 if one.quantity == 3 else one.quantity,
            )
            for one in given.items
        ),
    )


@examples(120)
@given(priceables(most_conversions=2).map(enlarged))
def test_amounts_are_exact_up_to_the_largest_and_refused_above(given: Priceable) -> None:
    expected = pricing.price(given.program, given.conversions, given.credits, given.items)
    if all(order.commission_minor <= MAX_AMOUNT_MINOR for order in expected):
        assert priced_by_engine(given) == expected
    else:
        with pytest.raises(CommissionTooLarge):
            priced_by_engine(given)


@examples(80)
@given(priceables())
def test_the_kept_trace_reproduces_the_commission(given: Priceable) -> None:
    """From the kept figures alone: by the reference's arithmetic, and by the engine's own for no change at all."""
    priced = priced_by_engine(given)
    assert [pricing.work_out(order) for order in priced] == priced
    unchanged = {number: order.turnover_minor for number, order in enumerate(priced) if order.turnover_minor > 0}
    assert engine.reprice(priced, unchanged, {}) == priced


@examples(220)
@given(priceables(), st.binary(min_size=100, max_size=100))
def test_orders_are_repriced_as_the_reference_reprices_them(given: Priceable, data: bytes) -> None:
    priced = pricing.price(given.program, given.conversions, given.credits, given.items)
    turnovers, items = changes_of(data, priced)
    repriced = engine.reprice(priced, turnovers, items)
    assert repriced == pricing.reprice(priced, turnovers, items)
    expect_no_negative_commission(repriced)
