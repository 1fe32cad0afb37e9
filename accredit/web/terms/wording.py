"""Terms in words: what a version pays, complete and exact, as the partner who is paid by it reads it.

Each sentence says what the engine does (spec 20), also where a rule looks at items while the order is paid as a whole.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from accredit.engine.program import (
    ITEM_FIELDS,
    Adjustment,
    Amounts,
    Payout,
    PayoutGroup,
    Program,
    Rate,
    Restriction,
    Rule,
    Terms,
)
from accredit.web import formats, words

FIELDS: words.Words = {
    "customer_status": gettext_lazy("Customer status"),
    "order_total": gettext_lazy("Order total"),
    "currency": gettext_lazy("Currency"),
    "category": gettext_lazy("Category"),
    "sku": gettext_lazy("SKU"),
    "item_total": gettext_lazy("Item total"),
    "quantity": gettext_lazy("Quantity"),
    "promo_code": gettext_lazy("Promo code"),
    "device": gettext_lazy("Device"),
    "ad": gettext_lazy("Ad"),
    "country": gettext_lazy("Country"),
    "region": gettext_lazy("Region"),
    "city": gettext_lazy("City"),
    "postcode": gettext_lazy("Postcode"),
    "sub_id1": gettext_lazy("Sub id 1"),
    "sub_id2": gettext_lazy("Sub id 2"),
    "sub_id3": gettext_lazy("Sub id 3"),
    "sub_id4": gettext_lazy("Sub id 4"),
    "sub_id5": gettext_lazy("Sub id 5"),
    "sub_id6": gettext_lazy("Sub id 6"),
}
"""What rules compare, in the order in which the editor offers it."""

OPERATORS: words.Words = {
    "in": gettext_lazy("is one of"),
    "not_in": gettext_lazy("is none of"),
    "gte": gettext_lazy("is at least"),
    "gt": gettext_lazy("is more than"),
    "lte": gettext_lazy("is at most"),
    "lt": gettext_lazy("is less than"),
}

LEVELS: words.Words = {
    "order": gettext_lazy("for the order as a whole"),
    "item": gettext_lazy("for each item by itself"),
}

_WHOLE: Mapping[str, Mapping[str, str | Promise]] = {
    "in": {
        "": pgettext_lazy("rule", "%(field)s is %(values)s"),
        "promo_code": pgettext_lazy("rule", "the order carries the promo code %(values)s"),
        "item": pgettext_lazy("rule", "%(field)s of at least one item is %(values)s"),
    },
    "not_in": {
        "": pgettext_lazy("rule", "%(field)s is %(neither)s"),
        "promo_code": pgettext_lazy("rule", "the order carries none of the promo codes %(values)s"),
        "item": pgettext_lazy("rule", "%(field)s of no item is %(values)s"),
    },
    "gte": {
        "": pgettext_lazy("rule", "%(field)s is at least %(number)s"),
        "item": pgettext_lazy("rule", "%(field)s of at least one item is at least %(number)s"),
    },
    "gt": {
        "": pgettext_lazy("rule", "%(field)s is more than %(number)s"),
        "item": pgettext_lazy("rule", "%(field)s of at least one item is more than %(number)s"),
    },
    "lte": {
        "": pgettext_lazy("rule", "%(field)s is at most %(number)s"),
        "item": pgettext_lazy("rule", "%(field)s of at least one item is at most %(number)s"),
    },
    "lt": {
        "": pgettext_lazy("rule", "%(field)s is less than %(number)s"),
        "item": pgettext_lazy("rule", "%(field)s of at least one item is less than %(number)s"),
    },
}
"""Operator → sentence; `item`: of an item's field where the order is paid as a whole."""


@dataclass(frozen=True, slots=True)
class Clause:
    """One payout, group, adjustment or restriction. `kind`: `default`, `group`, `adjustment` or `restriction`; `says`:
    what it pays; `when`: what must hold, all of it; empty: always."""

    kind: str
    name: str
    says: str
    when: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PayoutWords:
    """What is paid for one event type."""

    event_type: str
    level: str
    clauses: tuple[Clause, ...]
    notes: tuple[str, ...]

    def of(self, kind: str) -> Sequence[Clause]:
        return [clause for clause in self.clauses if clause.kind == kind]

    @property
    def default(self) -> Clause:
        return self.of("default")[0]

    @property
    def groups(self) -> Sequence[Clause]:
        return self.of("group")

    @property
    def adjustments(self) -> Sequence[Clause]:
        return self.of("adjustment")

    @property
    def restrictions(self) -> Sequence[Clause]:
        return self.of("restriction")


@dataclass(frozen=True, slots=True)
class TermsWords:
    """A version of terms. `unpaid`: event types of the program for which it pays nothing."""

    payouts: tuple[PayoutWords, ...]
    unpaid: tuple[str, ...]


def words_of(terms: Terms, program: Program) -> TermsWords:
    """What a version says, in the active language."""
    paid = {payout.event_type for payout in terms.payouts}
    return TermsWords(
        tuple(_payout(payout) for payout in terms.payouts),
        tuple(one.code for one in program.event_types if one.code not in paid),
    )


def _payout(payout: Payout) -> PayoutWords:
    clauses = (
        Clause("default", payout.model, _rate(payout.rate, payout.level), ()),
        *(_group(group, payout.level) for group in payout.groups),
        *(_adjustment(adjustment, payout.level) for adjustment in payout.adjustments),
        *(_restriction(restriction, payout.level) for restriction in payout.restrictions),
    )
    return PayoutWords(payout.event_type, payout.level, clauses, tuple(_notes(payout)))


def _group(group: PayoutGroup, level: str) -> Clause:
    return Clause("group", group.model, _rate(group.rate, level), _rules(group.when, level))


def _adjustment(adjustment: Adjustment, level: str) -> Clause:
    if adjustment.percent_ppm is not None:
        says = _("%(percent)s of the commission") % {"percent": formats.signed_percent(adjustment.percent_ppm)}
    else:
        amounts = _amounts(adjustment.amount or {}, signed=True)
        says = _("%(amounts)s per item") % {"amounts": amounts} if level == "item" else amounts
    return Clause("adjustment", adjustment.name, says, _rules(adjustment.when, level))


def _restriction(restriction: Restriction, level: str) -> Clause:
    says = _("nothing is paid for the item") if level == "item" else _("nothing is paid")
    return Clause("restriction", restriction.name, says, _rules(restriction.when, level))


def _rate(rate: Rate, level: str) -> str:
    if rate.percent_ppm is not None:
        percent = {"percent": formats.percent(rate.percent_ppm)}
        return (
            _("%(percent)s of the item’s turnover") if level == "item" else _("%(percent)s of the turnover")
        ) % percent
    amounts = {"amounts": _amounts(rate.fixed or {})}
    return (_("%(amounts)s per piece") if level == "item" else _("%(amounts)s per order")) % amounts


def _amounts(amounts: Amounts, *, signed: bool = False) -> str:
    """Amounts by currency: `US$5.00 or €4.60, by the order’s currency`."""
    shown = [
        f"+{formats.money(minor, code)}" if signed and minor > 0 else formats.money(minor, code)
        for code, minor in sorted(amounts.items())
    ]
    if len(shown) == 1:
        return shown[0]
    return _("%(amounts)s (by the order’s currency)") % {"amounts": _either(shown)}


def _rules(rules: Sequence[Rule], level: str) -> tuple[str, ...]:
    return tuple(rule_words(rule, level) for rule in rules)


def rule_words(rule: Rule, level: str) -> str:
    """One rule as a sentence without a full stop."""
    texts = _WHOLE[rule.operator]
    key = "item" if level == "order" and rule.field in ITEM_FIELDS else rule.field
    values = [_value(rule.field, value) for value in rule.values]
    value = {
        "field": words.word(FIELDS, rule.field),
        "values": _either(values),
        "neither": _neither(values),
        "number": "" if rule.number is None else _number(rule.number),
    }
    return str(texts.get(key, texts[""])) % value


def _value(field: str, value: str) -> str:
    shown = words.word(words.CUSTOMER_STATUSES, value) if field == "customer_status" else value
    return f"“{shown}”" if shown != shown.strip() or "," in shown else shown


def _number(number: Decimal) -> str:
    return formats.exact(number, 0)


def _either(shown: Sequence[str]) -> str:
    """`A`, `A or B`, `A, B or C`."""
    if len(shown) < 2:
        return "".join(shown)
    return _("%(some)s or %(last)s") % {"some": ", ".join(shown[:-1]), "last": shown[-1]}


def _neither(shown: Sequence[str]) -> str:
    """`not A`, `neither A nor B nor C`."""
    if len(shown) < 2:
        return _("not %(value)s") % {"value": "".join(shown)}
    nor = _("%(one)s nor %(other)s")
    listed = shown[0]
    for other in shown[1:]:
        listed = nor % {"one": listed, "other": other}
    return _("neither %(listed)s") % {"listed": listed}


def _notes(payout: Payout) -> list[str]:
    """What is exact only with a sentence beside it."""
    whens = [one.when for those in (payout.groups, payout.adjustments, payout.restrictions) for one in those]
    rules = [rule for when in whens for rule in when]
    notes = []
    if len(payout.groups) > 1:
        notes.append(_("Groups are looked at in this order: the first one of which all conditions hold counts."))
    if payout.adjustments:
        notes.append(
            _("Percentages of adjustments are taken of the payout before any adjustment, and add up; never below zero.")
        )
    if any(rule.operator == "not_in" for rule in rules):
        notes.append(_("A condition with “not”, “neither” or “none” also holds where the order says nothing about it."))
    if any(rule.field in ("order_total", "item_total") for rule in rules):
        notes.append(_("Totals are compared in the currency of the order."))
    if payout.rate.fixed is not None or any(group.rate.fixed is not None for group in payout.groups):
        notes.append(_("Where a fixed amount is not given in the order’s currency, nothing is paid."))
    if any(one.amount is not None for one in payout.adjustments):
        notes.append(_("An adjustment without an amount in the order’s currency does not apply."))
    if payout.level == "item":
        notes.append(_("Each item is looked at by itself; an order without items counts as one item."))
    return notes
