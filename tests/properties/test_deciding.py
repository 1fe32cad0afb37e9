"""Spec 10 and 20 on generated programs: what the engine decides on a batch.

`tests.properties.examples` says how to run more of them.
"""

from dataclasses import replace
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from accredit.engine import frames
from accredit.engine.crediting import credit
from tests.factories import engine
from tests.factories.frames import frame
from tests.properties.examples import examples
from tests.properties.strategies import Batch, batches
from tests.reference import deciding
from tests.reference.deciding import Decision


def decided_by_engine(batch: Batch) -> Decision:
    return engine.decide(batch.program, batch.conversions, batch.clicks, batch.items)


def by_conversion(decision: Decision) -> list[object]:
    """What was decided on each conversion, whatever its row number."""
    return [
        (
            conversion,
            decision.credits[number],
            [replace(row, conversion=0) for row in decision.explanations if row.conversion == number],
            decision.orders[number],
            decision.summaries[number],
        )
        for number, conversion in enumerate(decision.conversions)
    ]


def reordered(batch: Batch, order: list[int], random: Random) -> Batch:
    """The conversions at the numbers in `order`, alone and in that order, with clicks and items shuffled."""
    numbers = {old: new for new, old in enumerate(order)}
    items = [replace(item, conversion=numbers[item.conversion]) for item in batch.items if item.conversion in numbers]
    return Batch(
        batch.program,
        tuple(batch.conversions[number] for number in order),
        tuple(random.sample(batch.clicks, len(batch.clicks))),
        tuple(random.sample(items, len(items))),
    )


def check_against_reference(batch: Batch) -> None:
    expected = deciding.decide(batch.program, batch.conversions, batch.clicks, batch.items)
    decision = decided_by_engine(batch)
    assert decision.conversions == expected.conversions
    assert decision.credits == expected.credits
    assert decision.explanations == expected.explanations
    assert decision.orders == expected.orders
    assert decision.summaries == expected.summaries


@examples(450)
@given(batches(most_conversions=2))
def test_single_orders_are_decided_as_the_reference_decides(batch: Batch) -> None:
    check_against_reference(batch)


@examples(450)
@given(batches(most_conversions=10))
def test_batches_are_decided_as_the_reference_decides(batch: Batch) -> None:
    check_against_reference(batch)


@examples(60)
@given(batches(), st.integers(0, 2**32))
def test_the_order_of_rows_does_not_matter(batch: Batch, seed: int) -> None:
    random = Random(seed)
    order = random.sample(range(len(batch.conversions)), len(batch.conversions))
    decided = by_conversion(decided_by_engine(batch))
    shuffled = by_conversion(decided_by_engine(reordered(batch, order, random)))
    assert shuffled == [decided[number] for number in order]


@examples(25)
@given(batches(most_conversions=5), st.integers(0, 2**32))
def test_a_batch_gives_what_its_conversions_give_one_by_one(batch: Batch, seed: int) -> None:
    alone = [reordered(batch, [number], Random(seed)) for number in range(len(batch.conversions))]
    assert by_conversion(decided_by_engine(batch)) == [by_conversion(decided_by_engine(one))[0] for one in alone]


@examples(45)
@given(batches())
def test_deciding_twice_changes_nothing(batch: Batch) -> None:
    once = decided_by_engine(batch)
    assert decided_by_engine(replace(batch, conversions=tuple(once.conversions))) == once


@examples(45)
@given(batches())
def test_credits_are_the_same_without_explanations(batch: Batch) -> None:
    conversions, clicks = frame(batch.conversions, frames.CONVERSIONS), frame(batch.clicks, frames.CLICKS)
    quiet = credit(batch.program, conversions, clicks, explain=False)
    assert quiet.explanations is None
    assert quiet.credits.equals(credit(batch.program, conversions, clicks).credits)


@examples(45)
@given(batches())
def test_an_explanation_says_everything_once(batch: Batch) -> None:
    """Every click of the journey and every code stands in it once, ranks count from 1, and what won stands first."""
    decision = decided_by_engine(batch)
    for number, credited in enumerate(decision.credits):
        rows = [row for row in decision.explanations if row.conversion == number]
        assert [row.rank for row in rows] == list(range(1, len(rows) + 1))
        clicks = [row.click_id for row in rows if row.click_id is not None]
        codes = [row.promo_code for row in rows if row.promo_code is not None]
        assert len(set(clicks)) == len(clicks)
        assert len(set(codes)) == len(codes)
        won = [row for row in rows if row.outcome == "won"]
        assert won == rows[: len(won)]
        assert [(row.partner, row.channel, row.click_id) for row in won] == (
            [] if credited.credited_to == "none" else [(credited.partner, credited.channel, credited.click_id)]
        )
