"""The second tab of the panel: every field of the conversion, and beside it what a request asks to be there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext_lazy as _

from accredit.conversion_requests.models import WANTED, Kind, Request
from accredit.conversions.models import Conversion
from accredit.web import formats, words
from accredit.web.conversions.history import reason_titles
from accredit.web.conversions.summing import items_of
from accredit.web.naming import Names
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


@dataclass(frozen=True, slots=True)
class Field:
    """One field: as it is or was, and where the request changes it, as it is to be."""

    name: str
    title: str
    now: str
    wanted: str = ""
    changed: bool = False


@dataclass(frozen=True, slots=True)
class ItemLine:
    """One item of the order, likewise; `before` is empty where it is new."""

    name: str
    before: str
    after: str
    changed: bool


def fields_of(names: Names, request: Request, conversion: Conversion | None) -> Sequence[Field]:
    """Every field that has a value, or gets one. `conversion`: as far as the viewer may read it."""
    shown = _Values(names, request.currency)
    before = request.before if conversion is not None and request.before else {}
    found = [
        Field("partner", str(FIELDS["partner"]), names.partners.get(request.partner, request.partner)),
        Field("event_type", str(FIELDS["event_type"]), request.event_type),
        Field("order_token", str(FIELDS["order_token"]), request.order_token),
    ]
    for name in WANTED:
        wanted = getattr(request, name)
        if name == "items":
            continue
        if conversion is None:
            now, new, changed = wanted, None, False
        else:
            of_now = getattr(conversion, OF_CONVERSION.get(name, name))
            changed = wanted is not None and (name in before or (request.kind == Kind.CHANGE and wanted != of_now))
            now, new = before.get(name, of_now) if changed else of_now, wanted if changed else None
            if name in OF_CONVERSION and not changed:
                continue
        if now is not None or changed:
            texts = shown.text(name, now), shown.text(name, new)
            found.append(Field(name, str(FIELDS[name]), *texts, changed))
    return [field for field in found if field.now or field.changed]


def items_shown(request: Request, conversion: Conversion | None) -> Sequence[ItemLine]:
    """The items of the order, and those that the request names."""
    currency = request.currency
    wanted = {one["item_id"]: one for one in request.items or ()}
    before: dict[str, Mapping[str, Any]] = {}
    if conversion is not None:
        before = {
            one.item_id: {"quantity": one.quantity, "turnover_minor": one.turnover_minor, "sku": one.sku}
            for one in items_of(conversion)
        }
        before |= {one["item_id"]: one for one in (request.before or {}).get("items") or ()}
    lines = []
    for item_id in [*before, *(key for key in wanted if key not in before)]:
        old, new = before.get(item_id), wanted.get(item_id)
        name = (new or {}).get("sku") or (old or {}).get("sku") or item_id
        lines.append(ItemLine(name, _item(old, currency), _item(new, currency), old is not None and new is not None))
    return lines


def _item(item: Mapping[str, Any] | None, currency: str) -> str:
    if item is None:
        return ""
    turnover = item.get("turnover_minor")
    amount = "" if turnover is None else f" · {formats.money(turnover, currency)}"
    return f"{formats.number(item['quantity'])} ×{amount}"


class _Values:
    """What a value of a field looks like."""

    def __init__(self, names: Names, currency: str) -> None:
        self.currency = currency
        self.zone = ZoneInfo(names.view.program.timezone)
        self.reasons = reason_titles(names.view)

    def text(self, name: str, value: Any) -> str:
        if value is None or value == "":
            return ""
        match name:
            case "occurred_at":
                at = value if isinstance(value, datetime) else datetime.fromisoformat(value)
                return formats.instant(at, self.zone, seconds=True)
            case "turnover_minor" | "claimed_minor":
                return formats.money(int(value), self.currency)
            case "status":
                return words.word(words.STATUSES, value)
            case "rejection_reason":
                return titled(self.reasons, value)
            case "customer_status":
                return words.word(words.CUSTOMER_STATUSES, value)
        return str(value)
