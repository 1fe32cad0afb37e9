"""Mapped, credited and priced: all that is decided on a batch."""

from collections.abc import Sequence
from dataclasses import dataclass

from accredit.engine.program import Program
from tests.reference.crediting import Credit, Explanation, credit
from tests.reference.customer_status import map_customer_status
from tests.reference.facts import Click, Conversion, Item
from tests.reference.pricing import PricedOrder, Summary, price, summarize


@dataclass(frozen=True)
class Decision:
    """One of each a conversion, in the order given; explanations in the order of conversions and ranks."""

    conversions: list[Conversion]
    credits: list[Credit]
    explanations: list[Explanation]
    orders: list[PricedOrder]
    summaries: list[Summary]


def decide(
    program: Program, conversions: Sequence[Conversion], clicks: Sequence[Click], items: Sequence[Item]
) -> Decision:
    mapped = map_customer_status(program, conversions)
    credits, explanations = credit(program, mapped, clicks)
    orders = price(program, mapped, credits, items)
    return Decision(mapped, credits, explanations, orders, summarize(orders))
