"""The second tab of the panel: every field of the conversion, and beside it what a request asks to be there."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext_lazy as _

from accredit.conversion_requests.models import WANTED, Kind, Request
from accredit.conversion_requests.outcomes import KEPT_BY_CLAIMS
from accredit.conversions.models import Conversion, CreditedTo, Status
from accredit.web import formats, words
from accredit.web.conversions.history import reason_titles
from accredit.web.conversions.summing import items_of
from accredit.web.naming import Names, Party
from accredit.web.requests.acting import titled

FIELDS: words.Words = {
    "order_token": _("Order number"),
    "new_order_token": _("New order number"),
    "event_type": _("Event type"),
    "partner": _("Partner"),
    "occurred_at": _("Time"),
    "currency": _("Currency"),
    "turnover_minor": _("Turnover"),
    "claimed_minor": _("Commission claimed"),
    "status": _("Status"),
    "rejection_reason": _("Rejection reason"),
    "category": _("Category"),
    "customer_status": _("Customer status"),
    "promo_code": _("Promo code"),
    "country": _("Country"),
    "device": _("Device"),
    "ad": _("Ad"),
    "project": _("Project"),
    "sub_id1": _("Sub id 1"),
    "sub_id2": _("Sub id 2"),
    "sub_id3": _("Sub id 3"),
    "sub_id4": _("Sub id 4"),
    "sub_id5": _("Sub id 5"),
    "sub_id6": _("Sub id 6"),
    "items": _("Items"),
    "conversion_id": _("Conversion"),
}
"""What people call the columns of a request."""
OF_CONVERSION = {"new_order_token": "order_token", "claimed_minor": "commission_minor"}
"""Where the conversion calls it otherwise."""


Before = Mapping[str, Any]
"""What a request changes of its conversion (`Request.before`)."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field: as it is or was, and where the request changes it, as it is to be. `named`: what the request says
    otherwise, and what stays as it is."""

    name: str
    title: str
    now: str
    wanted: str = ""
    changed: bool = False
    named: str = ""


@dataclass(frozen=True, slots=True)
class ItemLine:
    """One item of the order, likewise; `before` is empty where it is new."""

    name: str
    before: str
    after: str
    changed: bool
    named: str = ""


def before_of(names: Names, request: Request, planned: Mapping[str, Any] | None) -> Before:
    """What a request changes: as its conversion is now where something is still to come of it (`planned`: PLANNED),
    else as it was. What a claim takes from whom, its partner is not told."""
    if request.kind == Kind.CLAIM and not names.view.sees_everything:
        return {}
    if planned is None:
        return request.before or {}
    return json.loads(planned["before"]) if planned["before"] else {}


def fields_of(names: Names, request: Request, conversion: Conversion | None, before: Before) -> Sequence[Field]:
    """Every field that has a value, or gets one. `conversion`: as far as the viewer may read it."""
    found = [
        _partner(names, request, before),
        Field("event_type", str(FIELDS["event_type"]), request.event_type),
        Field("order_token", str(FIELDS["order_token"]), request.order_token),
    ]
    shown = _Values(names)
    names_of_fields = [name for name in WANTED if name != "items"]
    if conversion is None:
        found += [_asked(shown, request, name) for name in names_of_fields]
    else:
        found += [_beside(shown, request, conversion, name, before) for name in names_of_fields]
    return [field for field in found if field.now or field.changed]


def _partner(names: Names, request: Request, before: Before) -> Field:
    """Who has the order; of a claim: who has it now, or had it, and who is to have it."""
    title, asks = str(FIELDS["partner"]), names.partners.get(request.partner, request.partner)
    if request.kind != Kind.CLAIM or not names.view.sees_everything:
        return Field("partner", title, asks)
    kind = CreditedTo.PARTNER if "partner" in before else CreditedTo.CHANNEL
    code = before.get("partner") or before.get("channel")
    return Field("partner", title, names.of(Party(kind, code) if code else None), asks, changed=True)


def _asked(shown: "_Values", request: Request, name: str) -> Field:
    return Field(name, str(FIELDS[name]), shown.text(name, getattr(request, name), request.currency))


def _beside(shown: "_Values", request: Request, conversion: Conversion, name: str, before: Before) -> Field:
    """What is wanted beside what the conversion has."""
    title, wanted = str(FIELDS[name]), getattr(request, name)
    is_now = getattr(conversion, OF_CONVERSION.get(name, name))
    now = shown.text(name, is_now, conversion.currency)
    if name in before:
        if request.kind == Kind.CLAIM and name == "status":
            wanted = Status.APPROVED
        was = shown.text(name, before[name], conversion.currency)
        return Field(name, title, was, shown.text(name, wanted, request.currency), changed=True)
    if name in OF_CONVERSION:
        return Field(name, title, "")
    stays = request.kind == Kind.CLAIM and name in KEPT_BY_CLAIMS and wanted not in (None, is_now)
    return Field(name, title, now or ("–" if stays else ""), named=_named(shown, request, name) if stays else "")


def _named(shown: "_Values", request: Request, name: str) -> str:
    return shown.text(name, getattr(request, name), request.currency)


def items_shown(request: Request, conversion: Conversion | None, before: Before) -> Sequence[ItemLine]:
    """The items of the order, and those that the request names."""
    wanted = {one["item_id"]: one for one in request.items or ()}
    there: dict[str, Mapping[str, Any]] = {}
    if conversion is not None:
        there = {
            one.item_id: {"quantity": one.quantity, "turnover_minor": one.turnover_minor, "sku": one.sku}
            for one in items_of(conversion)
        }
        there |= {one["item_id"]: one for one in before.get("items") or ()}
    changes = request.kind == Kind.CHANGE
    lines = []
    for item_id in [*there, *(key for key in wanted if key not in there)]:
        old, new = there.get(item_id), wanted.get(item_id)
        name = (new or {}).get("sku") or (old or {}).get("sku") or item_id
        was, asked = _item(old, conversion.currency if conversion else ""), _item(new, request.currency)
        if conversion is None or changes:
            lines.append(ItemLine(name, was, asked, old is not None and new is not None))
        else:
            lines.append(ItemLine(name, was or "–", "", changed=False, named=asked if asked != was else ""))
    return lines


def _item(item: Mapping[str, Any] | None, currency: str) -> str:
    if item is None:
        return ""
    turnover = item.get("turnover_minor")
    amount = "" if turnover is None else f" · {formats.money(turnover, currency)}"
    return f"{formats.number(item['quantity'])} ×{amount}"


class _Values:
    """What a value of a field looks like."""

    def __init__(self, names: Names) -> None:
        self.zone = ZoneInfo(names.view.program.timezone)
        self.reasons = reason_titles(names.view)

    def text(self, name: str, value: Any, currency: str) -> str:
        if value is None or value == "":
            return ""
        match name:
            case "occurred_at":
                at = value if isinstance(value, datetime) else datetime.fromisoformat(value)
                return formats.instant(at, self.zone, seconds=True)
            case "turnover_minor" | "claimed_minor":
                return formats.money(int(value), currency)
            case "status":
                return words.word(words.STATUSES, value)
            case "rejection_reason":
                return titled(self.reasons, value)
            case "customer_status":
                return words.word(words.CUSTOMER_STATUSES, value)
        return str(value)
