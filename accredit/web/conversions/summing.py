"""The commission as a sum that a person can follow with a pocket calculator.

It shows the figures that the conversion keeps (spec 20) and works out nothing that is stored: every result that counts
is the stored commission, and the steps between are the exact products that lead to it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accredit.conversions.models import Conversion, Item, Rate
from accredit.engine.trace import PPM, UNITS
from accredit.money import decimals
from accredit.web import formats, words

UNITS_PLACES = 12
ITEMS_AT_FIRST = 50


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the sum: what it is, how it is worked out, what it comes to. `kind`: how it is ruled."""

    title: str
    working: Sequence[str]
    result: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Sum:
    """`more_items`: how many items are left out of the lines."""

    lines: Sequence[Line]
    more_items: int = 0


def items_of(conversion: Conversion) -> Sequence[Item]:
    """The items that hold of a conversion."""
    found = Item.objects.filter(
        program=conversion.program_id, conversion_id=conversion.id, decision=conversion.decision
    )
    return list(found.order_by("item_id"))


def sum_of(
    conversion: Conversion,
    items: Sequence[Item] | None = None,
    *,
    rates: Mapping[UUID, Rate] | None = None,
    all_items: bool = False,
) -> Sum:
    """The lines from turnover to commission: of the order, or item by item where the items carry the rates. `items`,
    `rates`: where they are not those that hold, and not those that are stored."""
    if conversion.rate_id is None:
        priced = [item for item in (items_of(conversion) if items is None else items) if item.rate_id]
        if priced:
            if rates is None:
                rates = _stored_rates(conversion, {item.rate_id for item in priced if item.rate_id})
            return _sum_of_items(conversion, priced, rates, limit=len(priced) if all_items else ITEMS_AT_FIRST)
        return Sum([Line(_("Nothing is paid"), [_("no partner is credited")], ""), _result(conversion)])
    rate = (rates or _stored_rates(conversion, {conversion.rate_id}))[conversion.rate_id]
    turnover = Line(_("Turnover"), [], formats.money(conversion.turnover_minor, conversion.currency))
    if rate.model is None:
        return Sum([turnover, _nothing(rate), _result(conversion)])
    exact = _Exact(rate, conversion.turnover_minor, quantity=1)
    return Sum([turnover, *_steps(exact), _result(conversion, exact.remarks)])


def _result(conversion: Conversion, remarks: Sequence[str] = ()) -> Line:
    return Line(_("Commission"), remarks, formats.money(conversion.commission_minor, conversion.currency), "result")


def _nothing(rate: Rate) -> Line:
    return Line(_("Nothing is paid"), [words.word(words.RESTRICTIONS, rate.restriction or "")], "")


def _steps(exact: "_Exact") -> Sequence[Line]:
    """Unadjusted payout, adjustments, and their sum where there are any."""
    payout = Line(exact.rate.model or "", [exact.payout_working], exact.shown(exact.payout))
    adjustments = exact.adjustments()
    total = [Line(_("Sum"), [], exact.shown(exact.total), "line")] if adjustments else []
    return [payout, *adjustments, *total]


class _Exact:
    """The steps of one rate, exact, in UNITS: parts of a minor unit."""

    def __init__(self, rate: Rate, turnover_minor: int, quantity: int) -> None:
        self.rate, self.currency = rate, rate.currency
        if rate.percent_ppm is not None:
            self.payout = turnover_minor * rate.percent_ppm * PPM
            self.payout_working = (
                f"{formats.money(turnover_minor, self.currency)} × {formats.percent(rate.percent_ppm)}"
            )
        else:
            fixed = rate.fixed_minor or 0
            self.payout = fixed * quantity * UNITS
            each = formats.money(fixed, self.currency)
            self.payout_working = _("fixed amount") if quantity == 1 else f"{formats.number(quantity)} × {each}"
        self.changes = [self._change(adjustment) for adjustment in rate.adjustments]
        self.total = self.payout + sum(self.changes)

    def _change(self, adjustment: Mapping[str, int | None]) -> int:
        if (ppm := adjustment["percent_ppm"]) is not None:
            return self.payout // PPM * ppm
        return (adjustment["amount_minor"] or 0) * UNITS

    def adjustments(self) -> Sequence[Line]:
        """One line each: a percentage is taken of the unadjusted payout."""
        lines = []
        for adjustment, change in zip(self.rate.adjustments, self.changes, strict=True):
            working = []
            if (ppm := adjustment["percent_ppm"]) is not None:
                facts = {"percent": formats.signed_percent(ppm), "amount": self.shown(self.payout)}
                working.append(_("%(percent)s of %(amount)s") % facts)
            lines.append(Line(adjustment["name"], working, self.shown(change, signed=True)))
        return lines

    @property
    def remarks(self) -> Sequence[str]:
        """What happens between the sum and the commission."""
        if self.total < 0:
            return [_("never below zero")]
        return [_("rounded, half away from zero")] if self.total % UNITS else []

    def shown(self, units: int, *, signed: bool = False) -> str:
        """In major units, with every decimal that it has."""
        places = decimals(self.currency)
        text = formats.exact(Decimal(units).scaleb(-UNITS_PLACES - places, formats.EXACT), places)
        return f"+{text}" if signed and units > 0 else text


def _stored_rates(conversion: Conversion, ids: Collection[UUID]) -> Mapping[UUID, Rate]:
    return {rate.id: rate for rate in Rate.objects.filter(program=conversion.program_id, id__in=ids)}


def _sum_of_items(conversion: Conversion, items: Sequence[Item], rates: Mapping[UUID, Rate], *, limit: int) -> Sum:
    lines = [_item_line(item, rates) for item in items[:limit]]
    left_out = items[limit:]
    if left_out:
        rest = sum(item.commission_minor or 0 for item in left_out)
        title = ngettext("%(n)s further item", "%(n)s further items", len(left_out)) % {
            "n": formats.number(len(left_out))
        }
        lines.append(Line(title, [], formats.money(rest, conversion.currency)))
    return Sum([*lines, _result(conversion)], more_items=len(left_out))


def _item_line(item: Item, rates: Mapping[UUID, Rate]) -> Line:
    """One item with its own rate; its commission is rounded by itself."""
    assert item.rate_id is not None
    rate = rates[item.rate_id]
    count = ngettext("%(n)s piece", "%(n)s pieces", item.quantity) % {"n": formats.number(item.quantity)}
    title = " · ".join(part for part in (item.sku or item.item_id, count, item.category) if part)
    if rate.model is None:
        nothing = _nothing(rate)
        turnover = formats.money(item.turnover_minor, item.currency)
        workings = [f"{turnover} · {nothing.title}: {nothing.working[0]}"]
    else:
        exact = _Exact(rate, item.turnover_minor, item.quantity)
        workings = [f"{step.title}: {' = '.join([*step.working, step.result])}" for step in _steps(exact)]
        workings[-1] = ", ".join([workings[-1], *exact.remarks])
    return Line(title, workings, formats.money(item.commission_minor or 0, item.currency))
