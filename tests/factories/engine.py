"""The engine called with plain values and read back as plain values."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import polars as pl

from accredit.engine import crediting, deciding, frames, pricing, repricing
from accredit.engine.customer_status import map_customer_status as map_frame
from accredit.engine.program import Program
from accredit.engine.trace import Trace
from tests.factories.frames import frame, values
from tests.reference.crediting import Credit, Explanation
from tests.reference.deciding import Decision
from tests.reference.facts import Click, Conversion, Item
from tests.reference.pricing import ItemChange, KeptAdjustment, KeptRate, PricedItem, PricedOrder, Summary


def credit(
    program: Program, conversions: Sequence[Conversion], clicks: Sequence[Click]
) -> tuple[list[Credit], list[Explanation]]:
    credited = crediting.credit(program, frame(conversions, frames.CONVERSIONS), frame(clicks, frames.CLICKS))
    assert credited.explanations is not None
    check_schema(credited.credits, frames.CREDITS)
    check_schema(credited.explanations, frames.EXPLANATIONS)
    return values(Credit, credited.credits), values(Explanation, credited.explanations)


def map_customer_status(program: Program, conversions: Sequence[Conversion]) -> list[Conversion]:
    mapped = map_frame(program, frame(conversions, frames.CONVERSIONS))
    check_schema(mapped, frames.CONVERSIONS)
    return values(Conversion, mapped)


def price(
    program: Program, conversions: Sequence[Conversion], credits: Sequence[Credit], items: Sequence[Item]
) -> list[PricedOrder]:
    return orders_of(
        pricing.price(
            program,
            frame(conversions, frames.CONVERSIONS),
            frame(credits, frames.CREDITS),
            frame(items, frames.ITEMS),
        )
    )


def decide(
    program: Program, conversions: Sequence[Conversion], clicks: Sequence[Click], items: Sequence[Item]
) -> Decision:
    decided = deciding.decide(
        program,
        frame(conversions, frames.CONVERSIONS),
        frame(clicks, frames.CLICKS),
        frame(items, frames.ITEMS),
    )
    assert decided.explanations is not None
    return Decision(
        values(Conversion, decided.conversions),
        values(Credit, decided.credits),
        values(Explanation, decided.explanations),
        orders_of(decided.trace),
        values(Summary, decided.summary),
    )


def check_schema(got: pl.DataFrame, declared: frames.Schema) -> None:
    assert dict(got.schema) == dict(declared)


def orders_of(trace: Trace) -> list[PricedOrder]:
    """A trace as plain values: the rates put where they are named, the items with their orders, by id."""
    check_schema(trace.orders, frames.PRICED_ORDERS)
    check_schema(trace.items, frames.PRICED_ITEMS)
    check_schema(trace.rates, frames.RATES)
    rates = [rate_of(row) for row in trace.rates.iter_rows(named=True)]
    assert trace.rates["rate"].to_list() == list(range(len(rates)))
    assert len(set(rates)) == len(rates), "each distinct rate is kept once"
    items: list[list[PricedItem]] = [[] for _ in range(len(trace.orders))]
    for row in trace.items.iter_rows(named=True):
        rate = None if row["rate"] is None else rates[row["rate"]]
        items[row["conversion"]].append(
            PricedItem(row["item_id"], row["quantity"], row["turnover_minor"], rate, row["commission_minor"])
        )
    return [
        PricedOrder(
            currency=row["currency"],
            turnover_minor=row["turnover_minor"],
            rate=None if row["rate"] is None else rates[row["rate"]],
            items=tuple(sorted(of_order, key=lambda item: item.item_id)),
            commission_minor=row["commission_minor"],
        )
        for row, of_order in zip(trace.orders.iter_rows(named=True), items, strict=True)
    ]


def rate_of(row: Mapping[str, Any]) -> KeptRate:
    figures = {name: value for name, value in row.items() if name not in ("rate", "adjustments")}
    return KeptRate(**figures, adjustments=tuple(KeptAdjustment(**one) for one in row["adjustments"] or []))


def trace_of(orders: Sequence[PricedOrder]) -> Trace:
    """Plain values as a trace, as it would be read back from where it was kept."""
    kept = [rate for order in orders for rate in (order.rate, *(item.rate for item in order.items)) if rate is not None]
    numbers = {rate: number for number, rate in enumerate(dict.fromkeys(kept))}
    return Trace(
        pl.DataFrame(
            [
                (order.currency, order.turnover_minor, order.rate and numbers[order.rate], order.commission_minor)
                for order in orders
            ],
            schema=dict(frames.PRICED_ORDERS),
            orient="row",
        ),
        pl.DataFrame(
            [
                (
                    conversion,
                    item.item_id,
                    item.quantity,
                    item.turnover_minor,
                    item.rate and numbers[item.rate],
                    item.commission_minor,
                )
                for conversion, order in enumerate(orders)
                for item in order.items
            ],
            schema=dict(frames.PRICED_ITEMS),
            orient="row",
        ),
        pl.DataFrame(
            [
                {
                    **{name: getattr(rate, name) for name in frames.RATES if name not in ("rate", "adjustments")},
                    "rate": number,
                    "adjustments": [
                        {"name": one.name, "percent_ppm": one.percent_ppm, "amount_minor": one.amount_minor}
                        for one in rate.adjustments
                    ],
                }
                for rate, number in numbers.items()
            ],
            schema=dict(frames.RATES),
        ),
    )


class NewTurnover(NamedTuple):
    conversion: int
    turnover_minor: int


def reprice(
    orders: Sequence[PricedOrder], turnovers: Mapping[int, int], items: Mapping[tuple[int, str], ItemChange]
) -> list[PricedOrder]:
    turnover = frame(
        [NewTurnover(*change) for change in turnovers.items()],
        {"conversion": frames.ROW, "turnover_minor": frames.MINOR},
    )
    changed = frame(
        [
            Item(conversion=number, item_id=item_id, quantity=change.quantity, turnover_minor=change.turnover_minor)
            for (number, item_id), change in items.items()
        ],
        {name: frames.ITEMS[name] for name in ("conversion", "item_id", "quantity", "turnover_minor")},
    )
    return orders_of(repricing.reprice(trace_of(orders), turnover=turnover, items=changed))


def summarize(orders: Sequence[PricedOrder]) -> list[Summary]:
    return values(Summary, pricing.summarize(trace_of(orders)))
