"""Changes of a set-up in words: before they are made, why they cannot be made, and in the history."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accredit.programs.operations import REFUSALS, Change, Refusal
from accredit.web import formats, words
from accredit.web.setup.collections import days

Told = Mapping[str, Any]
"""A change as `programs.changing.told` writes it."""

NAMES: Mapping[str, str | Promise] = {
    "name": gettext_lazy("Name"),
    "advertiser__code": gettext_lazy("Advertiser"),
    "currency": gettext_lazy("Currency"),
    "timezone": gettext_lazy("Time zone"),
    "referral_window_days": gettext_lazy("Referral window"),
    "foreign_promo_code": gettext_lazy("Another partner’s promo code"),
    "attribution": gettext_lazy("Attribution"),
    "approval_reminder_days": gettext_lazy("Reminder before approval by itself"),
    "allowed_hosts": gettext_lazy("Allowed hosts"),
    "click_parameter": gettext_lazy("Click parameter"),
    "fallback_page": gettext_lazy("Fallback page"),
    "retention_days": gettext_lazy("Clicks are kept"),
    "hold_unsigned": gettext_lazy("Orders that are not signed wait"),
    "customer_status": gettext_lazy("Customer status mapping"),
    "approve_after_days": gettext_lazy("Approval by itself"),
    "credit_group": gettext_lazy("Credit group"),
    "landing_page": gettext_lazy("Landing page"),
    "partner__code": gettext_lazy("Partner"),
    "title_de": gettext_lazy("Title in German"),
    "title_en": gettext_lazy("Title in English"),
    "payouts": gettext_lazy("Payouts"),
    "modification_starts_at": gettext_lazy("Modification start date"),
    "early_opt_in": gettext_lazy("Early opt-in"),
    "comment": gettext_lazy("Comment for partners"),
    "labels": gettext_lazy("Labels"),
    "starts_at": gettext_lazy("From"),
    "ends_at": gettext_lazy("Until"),
    "terms_version__code": gettext_lazy("Terms"),
    "terms_version__version": gettext_lazy("Version"),
    "policy": gettext_lazy("What it does"),
}
HIDDEN = ("normalized_code",)
NOTHING = "–"
VALUES: Mapping[str, words.Words] = {
    "credit_group": words.CREDIT_GROUPS,
    "policy": words.POLICIES,
    "foreign_promo_code": words.FOREIGN_PROMO_CODES,
}
DAYS = ("referral_window_days", "retention_days", "approve_after_days", "approval_reminder_days")


@dataclass(frozen=True, slots=True)
class Difference:
    """One value: `before` or `after` is None where there was or will be nothing to compare with."""

    name: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Line:
    """A change in words. `kind`: added, changed or removed."""

    kind: str
    title: str
    differences: Sequence[Difference]

    @property
    def word(self) -> str:
        return {"added": _("new"), "changed": _("changed"), "removed": _("removed")}[self.kind]


PERIODS: Mapping[str, str] = {"contract_period": "partner", "channel_period": "channel"}
"""The tables of periods, and whose they are."""
Names = Mapping[str, Mapping[str, str]]
"""Of partners and channels: by code."""


def lines(changes: Sequence[Told], zone: ZoneInfo, names: Names = MappingProxyType({})) -> Sequence[Line]:
    """Changes in words. A new period is told beside the one that ends where it begins."""
    ended = {
        (one["table"], one["key"][0], one["after"]["ends_at"]): {**one["after"], "ends_at": None}
        for one in changes
        if one["table"] in PERIODS and one["before"] and one["after"]
    }

    def shown(one: Told) -> Told:
        if one["table"] not in PERIODS:
            return one
        owner, start = one["key"]
        name = names.get(PERIODS[one["table"]], {}).get(owner, owner)
        return {**one, "key": [name, start], "former": ended.get((one["table"], owner, start), {})}

    return [line(shown(one), zone) for one in changes]


def line(change: Told, zone: ZoneInfo) -> Line:
    """One change in words. `former`, where there is one: what an added row takes the place of."""
    before, after = change["before"], change["after"]
    kind = "added" if before is None else "removed" if after is None else "changed"
    before = before or (change.get("former") if kind == "added" else None)
    key = [_value("", part, zone) for part in change["key"] if part is not None]
    if change["table"] == "promo_code":
        key = [str(change["key"][1])]
    title = " ".join([str(words.TABLES.get(change["table"], change["table"])), *key])
    return Line(kind, title, list(_differences(before or {}, after or {}, zone)))


def refusal(one: Refusal, zone: ZoneInfo) -> str:
    """Why a change cannot be made, and what to do instead."""
    until = formats.instant(datetime.fromisoformat(one.until), zone, seconds=True) if one.until else ""
    return _(REFUSALS[one.code]).format(until=until)


def moves_money(changes: Sequence[Change]) -> bool:
    """Whether a change of what is there can move credit or commission, or takes something away: who does it reads
    first what it does."""
    return any(change.before is not None and _matters(change) for change in changes)


def _matters(change: Change) -> bool:
    before, after = change.before or {}, change.after
    if after is None or change.table in ("contract_period", "channel_period", "promo_code", "terms"):
        return True
    names = (
        "credit_group", "referral_window_days", "foreign_promo_code", "currency", "timezone", "approve_after_days"
    )  # fmt: skip
    return any(before.get(name) != after.get(name) for name in names)


def _differences(before: Mapping[str, Any], after: Mapping[str, Any], zone: ZoneInfo) -> Iterator[Difference]:
    for name in dict.fromkeys([*before, *after]):
        old, new = before.get(name), after.get(name)
        if old == new or name in HIDDEN or (not before and _value(name, new, zone) == NOTHING):
            continue
        called = str(NAMES.get(name, name))
        if name == "payouts":
            yield Difference(called, None, None)
        else:
            yield Difference(
                called,
                _value(name, old, zone) if before else None,
                _value(name, new, zone) if after else None,
            )


def _value(name: str, value: Any, zone: ZoneInfo) -> str:
    if name == "customer_status":
        said = "; ".join(f"{status}: {', '.join(texts)}" for status, texts in value or ())
        return said or (_("off") if value is None else _("on, without words"))
    if value is None or value in ([], ""):
        return NOTHING
    if name in VALUES:
        return words.word(VALUES[name], value)
    if name in DAYS:
        return days(value)
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, str) and name in ("", "starts_at", "ends_at", "modification_starts_at"):
        try:
            at = datetime.fromisoformat(value)
        except ValueError:
            return value
        return formats.instant(at, zone) if at.tzinfo else value
    return str(value)
