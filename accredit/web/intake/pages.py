"""What came in, for those who run the program: held orders, conflicts, counts, and the customer status check."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_safe

from accredit.access.permissions import Permission
from accredit.conversions.columns import PREFIX
from accredit.conversions.intake import RECENT, Conflict, Difference, Word, intake_of, words_of
from accredit.database.keys import key_to_text
from accredit.programs.visibility import Viewpoint
from accredit.tracking.pending import of_no_program
from accredit.web import formats, words
from accredit.web.naming import Names
from accredit.web.pages import for_owners, show

UNKNOWN_CODES = 50
"""Of programs that do not exist, which anybody can make up: the most frequent ones."""
FIELDS: words.Words = {
    "event_type": gettext_lazy("Event type"),
    "occurred_at": gettext_lazy("Time"),
    "promo_code": gettext_lazy("Promo code"),
    "currency": gettext_lazy("Currency"),
    "turnover_minor": gettext_lazy("Turnover"),
    "customer_status_word": gettext_lazy("Customer status"),
    "category": gettext_lazy("Category"),
    "country": gettext_lazy("Country"),
    "region": gettext_lazy("Region"),
    "city": gettext_lazy("City"),
    "postcode": gettext_lazy("Postcode"),
    "device": gettext_lazy("Device"),
    "ad": gettext_lazy("Ad"),
    "project": gettext_lazy("Project"),
    "items": gettext_lazy("Items"),
}
"""Fields of an order as it is kept → what they are called; sub ids go by their own names."""


@require_safe
@for_owners
def intake(request: HttpRequest, view: Viewpoint) -> HttpResponse:
    """Held orders with their reasons, conflicts, and how many orders came on each of the last days."""
    zone = ZoneInfo(view.program.timezone)
    found = intake_of(view.program, now=datetime.now(UTC))
    context = {
        "section": "intake",
        "program": view.program,
        "view": view,
        "recent_days": formats.number(RECENT.days),
        "waiting": _waiting(found.waiting),
        "reasons": [
            {
                "code": count.reason,
                "title": words.word(words.HELD, count.reason or ""),
                "remedy": str(words.HELD_REMEDIES.get(count.reason or "", "")),
                "orders": formats.number(count.orders),
                "since": formats.instant(count.since, zone),
            }
            for count in found.counts
        ],
        "held": [
            {
                "at": formats.instant(one.received_at, zone, seconds=True),
                "order": one.order_token,
                "event": one.event_type,
                "reason": words.word(words.HELD, one.reason),
                "detail": one.detail,
                "trust": words.trust(one.signed),
            }
            for one in found.held
        ],
        "of_no_program": _of_no_program(zone) if Permission.OPERATE in view.permissions else [],
        "conflicts": [_conflict(one, zone) for one in found.conflicts],
        "days": [
            {
                "day": formats.calendar_day(day.day),
                "counts": [
                    formats.number(count) for count in (day.signed, day.unsigned, day.from_files, day.conflicts)
                ],
            }
            for day in found.days
        ],
    }
    return show(request, "web/intake/page.html", context)


def _of_no_program(zone: ZoneInfo) -> Sequence[Mapping[str, str]]:
    return [
        {
            "program": count.program,
            "orders": formats.number(count.orders),
            "since": formats.instant(count.since, zone, seconds=True),
        }
        for count in of_no_program(UNKNOWN_CODES)
    ]


def _waiting(orders: int) -> str:
    text = ngettext("%(n)s order waits for the worker.", "%(n)s orders wait for the worker.", orders)
    return text % {"n": formats.number(orders)} if orders else _("Everything that came in is booked or held.")


def _conflict(one: Conflict, zone: ZoneInfo) -> Mapping[str, Any]:
    return {
        "at": formats.instant(one.received_at, zone, seconds=True),
        "order": one.order_token,
        "event": one.event_type,
        "came_in": words.way_in(one.source, one.signed),
        "differences": [
            {
                "field": words.word(FIELDS, difference.field),
                "recorded": _value(difference, difference.recorded, one.currency),
                "came": _value(difference, difference.came, one.currency),
            }
            for difference in one.differences
        ],
    }


def _value(difference: Difference, value: Any, currency: str) -> str:
    if value is None:
        return "–"
    if difference.field == "turnover_minor":
        return formats.money(value, currency)
    if difference.field == "items":
        lines = [f"{item['quantity']} × {item['item_id']}: {_amount(item, currency)}" for item in value]
        return "; ".join(lines)
    return str(value)


def _amount(item: Mapping[str, Any], currency: str) -> str:
    return formats.money(item["turnover_minor"], currency)


@require_safe
@for_owners
def customer_status(request: HttpRequest, view: Viewpoint) -> HttpResponse:
    """Report 6: the words that the shop sent of late, by event type, whether they are mapped, and a sample of each."""
    names, zone = Names(view), ZoneInfo(view.program.timezone)
    is_mapping = {event_type.code: event_type.customer_status is not None for event_type in names.event_types}
    found = words_of(view.program, now=datetime.now(UTC))
    context = {
        "section": "customer-status",
        "program": view.program,
        "view": view,
        "recent_days": formats.number(RECENT.days),
        "event_types": [
            {"code": code, "mapping": is_mapping.get(code, False), "words": _words(list(group), zone)}
            for code, group in groupby(found, key=lambda word: word.event_type)
        ],
    }
    return show(request, "web/intake/customer_status.html", context)


def _words(found: Sequence[Word], zone: ZoneInfo) -> Sequence[Mapping[str, Any]]:
    return [
        {
            "word": one.word,
            "orders": formats.number(one.orders),
            "status": words.word(words.CUSTOMER_STATUSES, one.status) if one.status else "",
            "sample": one.sample_token,
            "key": key_to_text(PREFIX, one.sample),
            "at": formats.instant(one.sample_at, zone),
        }
        for one in found
    ]
