"""The one function that live traffic, files, previews and replays call: map, credit and price a batch."""

from dataclasses import dataclass

import polars as pl

from accredit.engine.crediting import credit
from accredit.engine.customer_status import map_customer_status
from accredit.engine.pricing import Trace, price, summarize
from accredit.engine.program import Program


@dataclass(frozen=True)
class Decided:
    """What was decided on a batch. `conversions` (CONVERSIONS, customer status mapped), `credits` (CREDITS) and
    `summary` (commission_minor, model, adjustments, restriction) have one row a conversion, in the order given."""

    conversions: pl.DataFrame
    credits: pl.DataFrame
    explanations: pl.DataFrame | None
    trace: Trace
    summary: pl.DataFrame


def decide(
    program: Program,
    conversions: pl.DataFrame,
    clicks: pl.DataFrame,
    items: pl.DataFrame,
    *,
    explain: bool = True,
    mapped: bool = False,
) -> Decided:
    """Credit and price `conversions` (CONVERSIONS) with `items` (ITEMS) from `clicks` (CLICKS) under `program`.

    A customer status is mapped once: `mapped` says that this was done when the conversions were first decided on.
    Pure: the same input gives the same result, whatever the order of its rows and however it is cut into batches.
    """
    if not mapped:
        conversions = map_customer_status(program, conversions)
    credited = credit(program, conversions, clicks, explain=explain)
    trace = price(program, conversions, credited.credits, items)
    return Decided(conversions, credited.credits, credited.explanations, trace, summarize(trace))
