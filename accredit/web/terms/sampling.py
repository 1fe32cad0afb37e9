"""A sample order beside the editor: what it would earn under the terms that are being written, and under others.

The engine prices it as it prices every order, and the sum is the one of a conversion's panel.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import polars as pl
from django.http import QueryDict
from django.utils.translation import gettext as _

from accredit.conversions.models import Conversion, CreditedTo, Item, Rate
from accredit.conversions.rates import rate_ids
from accredit.engine.frames import CONVERSIONS, CREDITS, ITEMS, Schema
from accredit.engine.pricing import price
from accredit.engine.program import TEXT_FIELDS, Program, Terms
from accredit.money import AmountError, decimals_by_currency
from accredit.web import formats
from accredit.web.amounts import amount_from_text
from accredit.web.conversions.summing import Sum, items_of, sum_of
from accredit.web.terms.drafting import Part, PayoutDraft, TermsDraft

TEXTS = tuple(name for name in TEXT_FIELDS if name not in ("currency", "sku"))
"""Fields of an order that its rules may look at; those of its items stand with the items."""
ALWAYS = ("customer_status",)
MAX_QUANTITY_DIGITS = 8
SOME_TIME = datetime(2026, 1, 1, tzinfo=UTC)
"""No rule looks at the time."""


@dataclass(slots=True)
class ItemDraft(Part):
    """One line of the sample's basket, as typed."""

    quantity: str = "1"
    turnover: str = ""
    category: str = ""
    sku: str = ""


@dataclass(slots=True)
class SampleDraft(Part):
    """The sample as typed. `texts`: by the fields of TEXTS; `token`: of a real conversion to take."""

    event_type: str = ""
    currency: str = ""
    turnover: str = ""
    texts: dict[str, str] = dataclasses.field(default_factory=dict)
    items: list[ItemDraft] = dataclasses.field(default_factory=list)
    token: str = ""

    @classmethod
    def first(cls, program: Program, terms: Terms) -> "SampleDraft":
        """What stands there when the editor opens: an order of 100."""
        paid = [payout.event_type for payout in terms.payouts] or [one.code for one in program.event_types]
        hundred = formats.amount(100 * 10 ** decimals_by_currency()[program.currency], program.currency)
        return cls(paid[0], program.currency, hundred)

    @classmethod
    def typed(cls, data: QueryDict) -> "SampleDraft":
        """What came in from the form."""
        rows = dict.fromkeys(name.split(".")[1] for name in data if name.startswith("item.") and name.count(".") == 2)
        items = [
            ItemDraft(
                _text(data, f"item.{key}.quantity"),
                _text(data, f"item.{key}.turnover"),
                _text(data, f"item.{key}.category"),
                _text(data, f"item.{key}.sku"),
                path=f"item.{key}",
            )
            for key in rows
        ]
        return cls(
            _text(data, "sample.event_type"),
            _text(data, "sample.currency").strip().upper(),
            _text(data, "sample.turnover"),
            {name: _text(data, f"sample.{name}") for name in TEXTS},
            items,
            _text(data, "sample.token").strip(),
            path="sample",
        )

    def lists(self) -> dict[str, list[Any]]:
        return {"item": self.items}

    def renumber(self) -> None:
        for number, item in enumerate(self.items):
            item.path = f"item.{number}"


@dataclass(slots=True)
class Editor(Part):
    """Everything in the form: the terms, and the sample order beside them."""

    draft: TermsDraft = dataclasses.field(default_factory=TermsDraft)
    sample: SampleDraft = dataclasses.field(default_factory=SampleDraft)

    def lists(self) -> dict[str, list[Any]]:
        return {**self.draft.lists(), **self.sample.lists()}

    def used_fields(self) -> frozenset[str]:
        """The fields that rules of the draft look at."""
        payouts: Sequence[PayoutDraft] = self.draft.payouts
        clauses = [clause for payout in payouts for those in payout.clauses.values() for clause in those]
        return frozenset(rule.field for clause in clauses for rule in clause.when)


@dataclass(frozen=True, slots=True)
class Order:
    """One order as the engine takes it: rows of CONVERSIONS and ITEMS."""

    fields: Mapping[str, Any]
    items: Sequence[Mapping[str, Any]]


def order_of(sample: SampleDraft) -> Order | None:
    """The sample as an order; None where something of it cannot be read, which then stands in its `errors`."""
    if sample.currency not in decimals_by_currency():
        sample.errors["currency"] = _("Three letters of a currency, such as EUR.")
        return None
    turnover = _amount(sample, sample.turnover, sample.currency)
    rows = []
    for number, item in enumerate(sample.items, start=1):
        if item.quantity.isascii() and item.quantity.isdigit() and 0 < len(item.quantity) <= MAX_QUANTITY_DIGITS:
            of_item = _amount(item, item.turnover, sample.currency)
            rows.append(
                {
                    "conversion": 0,
                    "item_id": f"{number:04}",
                    "quantity": max(1, int(item.quantity)),
                    "turnover_minor": of_item,
                    "sku": item.sku or None,
                    "category": item.category or None,
                }
            )
        else:
            item.errors["quantity"] = _("A whole number.")
    if any(part.errors for part in sample.inside()):
        return None
    fields = {
        "event_type": sample.event_type,
        "order_token": "sample",
        "occurred_at": SOME_TIME,
        "currency": sample.currency,
        "turnover_minor": turnover,
        **{name: text or None for name, text in sample.texts.items()},
    }
    return Order(fields, rows)


def _amount(part: Part, text: str, currency: str) -> int:
    try:
        return amount_from_text(text, currency)
    except AmountError as error:
        part.errors["turnover"] = str(error) if text.strip() else _("An amount, such as 100.")
        return 0


def earned(order: Order, terms: Terms, program: Program, program_id: UUID) -> Sum:
    """The sum from the order's turnover to the commission of a partner under these terms. Raises CommissionTooLarge."""
    conversions = _frame([order.fields], CONVERSIONS)
    credit = {**order.fields, "credited_to": "partner", "partner": "sample", "reason": "last_click", "blocked": False,
              "terms": terms.code, "terms_version": terms.version}  # fmt: skip
    trace = price(replace(program, terms=(terms,)), conversions, _frame([credit], CREDITS), _frame(order.items, ITEMS))
    keys = rate_ids(trace.rates)
    rates = {
        key: Rate(program_id=program_id, id=key, **{name: value for name, value in row.items() if name != "rate"})
        for key, row in zip(keys, trace.rates.iter_rows(named=True), strict=True)
    }

    def rate_id(number: int | None) -> UUID | None:
        return None if number is None else keys[number]

    [of_order] = trace.orders.iter_rows(named=True)
    conversion = Conversion(
        program_id=program_id,
        credited_to=CreditedTo.PARTNER,
        currency=of_order["currency"],
        turnover_minor=of_order["turnover_minor"],
        commission_minor=of_order["commission_minor"],
        rate_id=rate_id(of_order["rate"]),
    )
    items = [
        Item(
            program_id=program_id,
            item_id=priced["item_id"],
            quantity=priced["quantity"],
            currency=of_order["currency"],
            turnover_minor=priced["turnover_minor"],
            sku=given["sku"],
            category=given["category"],
            rate_id=rate_id(priced["rate"]),
            commission_minor=priced["commission_minor"],
        )
        for priced, given in zip(trace.items.iter_rows(named=True), order.items, strict=True)
    ]
    return sum_of(conversion, items, rates=rates, all_items=True)


def _text(data: QueryDict, name: str) -> str:
    return str(data.get(name) or "")


def _frame(rows: Sequence[Mapping[str, Any]], schema: Schema) -> pl.DataFrame:
    return pl.DataFrame([{name: row.get(name) for name in schema} for row in rows], schema=dict(schema), orient="row")


def taken(conversion: Conversion) -> SampleDraft:
    """A real conversion as the sample."""
    items = [
        ItemDraft(
            str(item.quantity),
            formats.amount(item.turnover_minor, conversion.currency),
            item.category or "",
            item.sku or "",
        )
        for item in items_of(conversion)
        if item.quantity
    ]
    sample = SampleDraft(
        conversion.event_type,
        conversion.currency,
        formats.amount(conversion.turnover_minor, conversion.currency),
        {name: getattr(conversion, name) or "" for name in TEXTS},
        items,
        conversion.order_token,
        path="sample",
    )
    sample.renumber()
    return sample
