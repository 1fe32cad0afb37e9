"""How much a credited conversion pays (spec 20): which rate of its terms holds, and the trace that keeps it.

`price` only chooses rates; commissions are worked out from the trace, by `engine.trace`.
"""

from collections.abc import Sequence
from typing import NamedTuple, TypeVar

import polars as pl

from accredit.engine.frames import (
    CLICK_FIELDS,
    EVENT_TYPE_NOT_PAID,
    FOREIGN_PROMO_CODE,
    NO_AMOUNT_IN_CURRENCY,
    RATES,
)
from accredit.engine.program import Adjustment, Payout, PayoutGroup, Program, Restriction
from accredit.engine.repricing import reprice
from accredit.engine.rules import WORD_BITS, Clauses, Judge
from accredit.engine.trace import PricingError, Trace, summarize, worked_out

__all__ = ["PricingError", "Trace", "UnknownTerms", "price", "reprice", "summarize"]

Part = TypeVar("Part")

LOT = ["terms", "terms_version", "event_type", "currency", "blocked"]
"""Conversions that agree in these are judged by the same rules."""


class UnknownTerms(PricingError):
    """A credit names terms, or a version of them, that the program does not have."""


class Applied(NamedTuple):
    """An adjustment that applied, as in `engine.frames.ADJUSTMENT`."""

    name: str
    percent_ppm: int | None
    amount_minor: int | None


class KeptRate(NamedTuple):
    """A row of RATES without its number."""

    terms: str
    terms_version: int
    level: str | None
    currency: str
    model: str | None = None
    payout_group: int | None = None
    percent_ppm: int | None = None
    fixed_minor: int | None = None
    adjustments: tuple[Applied, ...] = ()
    restriction: str | None = None


class Lot(NamedTuple):
    """What conversions of one event type and currency under one version of terms are paid by; `payout` is None where
    nothing is paid, for the reason in `refusal`."""

    terms: str
    version: int
    currency: str
    payout: Payout | None
    refusal: str | None

    @property
    def by_item(self) -> bool:
        """Whether items are judged and paid one by one."""
        return self.payout is not None and self.payout.level == "item"

    def clauses(self) -> Clauses:
        """The restrictions, groups and adjustments of the payout, in this order."""
        if self.payout is None:
            return Clauses((), self.currency)
        parts: tuple[Restriction | PayoutGroup | Adjustment, ...]
        parts = (*self.payout.restrictions, *self.payout.groups, *self.payout.adjustments)
        return Clauses(tuple(part.when for part in parts), self.currency)

    def rate(self, mask: int) -> KeptRate:
        """The rate that holds where the clauses in `mask` match."""
        payout = self.payout
        if payout is None:
            return KeptRate(self.terms, self.version, None, self.currency, restriction=self.refusal)

        restrictions = _matching(payout.restrictions, mask)
        groups = _matching(payout.groups, mask >> len(payout.restrictions))
        adjustments = _matching(payout.adjustments, mask >> len(payout.restrictions) + len(payout.groups))
        refused = KeptRate(self.terms, self.version, payout.level, self.currency)
        if restrictions:
            return refused._replace(restriction=restrictions[0].name)
        paid = groups[0] if groups else payout
        fixed = paid.rate.fixed
        if fixed is not None and self.currency not in fixed:
            return refused._replace(restriction=NO_AMOUNT_IN_CURRENCY)
        return refused._replace(
            model=paid.model,
            payout_group=payout.groups.index(groups[0]) + 1 if groups else None,
            percent_ppm=paid.rate.percent_ppm,
            fixed_minor=None if fixed is None else fixed[self.currency],
            adjustments=tuple(
                Applied(part.name, part.percent_ppm, None if part.amount is None else part.amount[self.currency])
                for part in adjustments
                if part.amount is None or self.currency in part.amount
            ),
        )


def _matching(parts: Sequence[Part], mask: int) -> list[Part]:
    return [part for bit, part in enumerate(parts) if mask >> bit & 1]


def price(program: Program, conversions: pl.DataFrame, credits: pl.DataFrame, items: pl.DataFrame) -> Trace:
    """Chooses the rate of every conversion that is credited to a partner, and works out its commission.

    `conversions` (CONVERSIONS, customer status mapped), `credits` (CREDITS, row by row beside them) and `items` (ITEMS)
    give PRICED_ORDERS, PRICED_ITEMS and RATES, in the same orders. Raises UnknownTerms and CommissionTooLarge.
    """
    orders = conversions.with_columns(credits.select("terms", "terms_version", "blocked", *CLICK_FIELDS))
    orders = orders.with_row_index("conversion")
    lots, numbers = _lots(program, orders)
    orders, items = orders.with_columns(numbers), items.with_columns(numbers.gather(items["conversion"]))
    by_item = pl.Series([lot is not None and lot.by_item for lot in lots], dtype=pl.Boolean)
    alone = by_item.gather(items["lot"])
    whole = pl.repeat(True, len(orders), eager=True).scatter(items["conversion"].filter(alone).unique(), False)

    judge = Judge([Clauses((), "") if lot is None else lot.clauses() for lot in lots])
    judged = orders.select("conversion", "lot", *judge.order_columns)
    judged_orders = judge.orders(judged.filter(whole), items.filter(~alone)).with_columns(numbers.filter(whole))
    judged_items = judge.items(judged.filter(~whole), items.filter(alone)).with_columns(items["lot"].filter(alone))
    rates, meaning = _rates(lots, pl.concat([judged_orders, judged_items]).unique())
    return worked_out(
        orders.select("currency", "turnover_minor").with_columns(_numbered(judged_orders, meaning, whole)),
        items.select("conversion", "item_id", "quantity", "turnover_minor").with_columns(
            _numbered(judged_items, meaning, alone)
        ),
        rates,
    )


def _lots(program: Program, orders: pl.DataFrame) -> tuple[list[Lot | None], pl.Series]:
    """The lots of a batch, None where no partner is credited, and the number of each order's lot."""
    payouts = {
        (terms.code, terms.version, payout.event_type): payout for terms in program.terms for payout in terms.payouts
    }
    versions = {(terms.code, terms.version) for terms in program.terms}
    keys = orders.select(LOT).with_columns(
        pl.col(name).cast(pl.Enum(orders[name].drop_nulls().unique().sort()))
        for name in ("terms", "event_type", "currency")
    )
    distinct = keys.unique().sort(LOT).with_row_index("lot")
    numbers = keys.join(distinct, on=LOT, how="left", nulls_equal=True, maintain_order="left")["lot"]
    lots: list[Lot | None] = []
    for number, code, version, event_type, currency, blocked in distinct.select("lot", *LOT).iter_rows():
        if code is None:
            lots.append(None)
            continue
        if (code, version) not in versions:
            raise UnknownTerms(
                f"program {program.code} has no version {version} of terms {code}; add it to the program",
                orders["conversion"].filter(numbers == number),
            )
        payout = None if blocked else payouts.get((code, version, event_type))
        refusal = FOREIGN_PROMO_CODE if blocked else EVENT_TYPE_NOT_PAID if payout is None else None
        lots.append(Lot(code, version, currency, payout, refusal))
    return lots, numbers


def _rates(lots: list[Lot | None], judged: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """RATES in the order of what they say, and `judged` (distinct masks and lots) with the number of the rate meant."""
    kept = [
        None if lot is None else lot.rate(sum(word << WORD_BITS * n for n, word in enumerate(words)))
        for lot, words in ((lots[number], words) for *words, number in judged.iter_rows())
    ]
    distinct = sorted({rate for rate in kept if rate is not None}, key=repr)
    numbers = {rate: number for number, rate in enumerate(distinct)}
    rows = [
        {"rate": number, **rate._asdict(), "adjustments": [applied._asdict() for applied in rate.adjustments]}
        for rate, number in numbers.items()
    ]
    meaning = pl.Series("rate", [None if rate is None else numbers[rate] for rate in kept], dtype=pl.UInt32)
    return pl.DataFrame(rows, schema=RATES), judged.with_columns(meaning)


def _numbered(judged: pl.DataFrame, meaning: pl.DataFrame, which: pl.Series) -> pl.Series:
    """The rates of the rows that are set in `which`, and null between them."""
    rate = judged.join(meaning, on=judged.columns, how="left", maintain_order="left")["rate"]
    return pl.repeat(None, len(which), dtype=pl.UInt32, eager=True).alias("rate").scatter(which.arg_true(), rate)
