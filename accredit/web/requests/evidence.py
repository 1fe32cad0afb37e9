"""What Accredit itself knows about a request, in one sentence and one by one: the partner's clicks before the order and
what became of them, conversions with its order number, and other requests of the same order."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accredit.conversion_requests.evidence import WINDOW, Basis, Click, Earlier, Evidence, Found, Order, evidence
from accredit.conversion_requests.models import PREFIX, Kind, Request
from accredit.conversions.columns import PREFIX as CONVERSION
from accredit.conversions.models import Conversion, CreditedTo
from accredit.database.keys import key_to_text
from accredit.web import formats, words
from accredit.web.conversions.explaining import Step, explain
from accredit.web.naming import Names, Party
from accredit.web.requests.acting import joined


@dataclass(frozen=True, slots=True)
class Told:
    """`sentence`: all of it in one; the rest one by one, with addresses where the viewer may go there. `journey`: of
    the order of a claim, with `verdict`: who gets the credit and why."""

    sentence: str
    clicks: Sequence[str]
    more_clicks: str
    orders: Sequence[tuple[str, str]]
    earlier: Sequence[tuple[str, str]]
    verdict: Sequence[str] = ()
    journey: Sequence[Step] = ()

    @property
    def has_more(self) -> bool:
        return bool(self.clicks or self.orders or self.earlier)


def evidence_of(names: Names, about: Request, conversion: Conversion | None) -> Told:
    """`conversion`: the one that the request is about, as far as the viewer may read it."""
    known = evidence(names.view, about)
    zone = ZoneInfo(names.view.program.timezone)
    # Of a claim the journey itself is shown, with what was found in the log.
    listed = [found for found in known.found if found.basis != Basis.JOURNEY or about.kind != Kind.CLAIM]
    more = sum(found.count - len(found.clicks) for found in listed)
    of_claim = explain(names, conversion) if conversion is not None and about.kind == Kind.CLAIM else {}
    return Told(
        sentence=_sentence(names, about, known, conversion),
        clicks=[_click(click, found.before, zone) for found in listed for click in found.clicks],
        more_clicks=_("and %(n)s further ones") % {"n": formats.number(more)} if more > 0 else "",
        orders=[_order(names, order, zone) for order in known.orders],
        earlier=[_earlier(names, one, zone) for one in known.earlier],
        verdict=of_claim.get("verdict", ()),
        journey=of_claim.get("journey", ()),
    )


def before_order(minutes: int) -> str:
    """How long before the order, in the largest unit that says it well: `12 min`, `5 h`, `3 days`."""
    if minutes < 120:
        return _("%(n)s min") % {"n": formats.number(minutes)}
    if minutes < 48 * 60:
        return _("%(n)s h") % {"n": formats.number(minutes // 60)}
    days = minutes // (24 * 60)
    return ngettext("%(n)s day", "%(n)s days", days) % {"n": formats.number(days)}


def _sentence(names: Names, about: Request, known: Evidence, conversion: Conversion | None) -> str:
    """`Barb clicked 3 times, last 12 min before; nobody is credited.`"""
    partner = names.partners.get(about.partner, about.partner)
    clicked = [joined([_clicked(partner, found), _not_seen(found)], " ") for found in known.found]
    return capfirst(joined([*clicked, _credited(names, known, conversion)], "; ")) + "."


def _not_seen(found: Found) -> str:
    """What was not looked at: clicks of the journey that are not kept one by one, and those in the archive."""
    if found.not_kept:
        return _("(of %(n)s older clicks of the journey it is not kept whose they were)") % {
            "n": formats.number(found.not_kept)
        }
    if found.since is None:
        return ""
    if found.since > found.before.astimezone(UTC).date():
        return _("(the clicks of that time are in the archive, which was not searched)")
    day = formats.calendar_day(found.since)
    return _("(the click log was searched from %(day)s on; older clicks are in the archive)") % {"day": day}


def _clicked(partner: str, found: Found) -> str:
    facts = {"partner": partner, "days": WINDOW.days, "n": formats.number(found.count)}
    if found.basis is Basis.TOO_MANY:
        return _("%(partner)s has too many clicks at that time to look through them") % facts
    if not found.clicks:
        texts = {
            Basis.JOURNEY: _("%(partner)s has no click in the journey"),
            Basis.SUB_IDS: _("%(partner)s has no click with these sub ids within %(days)s days before the order"),
            Basis.PARTNER: _("%(partner)s has no click within a day before the order"),
        }
        return texts[found.basis] % facts
    facts["before"] = before_order(_minutes(found.clicks[0], found.before))
    match found.basis:
        case Basis.JOURNEY:
            text = ngettext(
                "%(partner)s clicked once, %(before)s before the order",
                "%(partner)s clicked %(n)s times, last %(before)s before the order",
                found.count,
            )
        case Basis.SUB_IDS:
            text = ngettext(
                "%(partner)s clicked once with these sub ids, %(before)s before the order",
                "%(partner)s clicked %(n)s times with these sub ids, last %(before)s before the order",
                found.count,
            )
        case _:
            text = ngettext(
                "%(partner)s had one click in the day before, %(before)s before the order; whose it was, nothing tells",
                "%(partner)s had %(n)s clicks in the day before, last %(before)s before the order; whose they were,"
                " nothing tells",
                found.count,
            )
    return text % facts


def _credited(names: Names, known: Evidence, conversion: Conversion | None) -> str:
    """Who has the order now."""
    if conversion is None:
        return _("the order is known") if known.order_known else _("no order of this number is known")
    if conversion.credited_to == CreditedTo.NONE:
        return _("nobody is credited")
    return _("%(who)s is credited") % {"who": names.credited(conversion)}


def _minutes(click: Click, occurred_at: datetime) -> int:
    return max(0, int((occurred_at - click.clicked_at).total_seconds() // 60))


def _click(click: Click, occurred_at: datetime, zone: ZoneInfo) -> str:
    before = _("%(before)s before") % {"before": before_order(_minutes(click, occurred_at))}
    outcome = words.word(words.OUTCOMES, click.outcome or "")
    return joined([formats.instant(click.clicked_at, zone, seconds=True), before, outcome])


def _order(names: Names, order: Order, zone: ZoneInfo) -> tuple[str, str]:
    view = names.view
    party = None
    if order.partner is not None or order.channel is not None:
        kind = CreditedTo.PARTNER if order.partner is not None else CreditedTo.CHANNEL
        party = Party(kind, order.partner or order.channel or "")
    text = joined(
        [
            order.order_token,
            order.event_type if len(names.event_types) > 1 else "",
            formats.instant(order.occurred_at, zone) if order.occurred_at else "",
            words.word(words.STATUSES, order.status or ""),
            names.of(party),
            _("of the same visitor, about that time") if order.near else "",
        ]
    )
    if order.conversion_id is None:
        return text, ""
    return text, reverse("web:conversion", args=[view.program.code, key_to_text(CONVERSION, order.conversion_id)])


def _earlier(names: Names, one: Earlier, zone: ZoneInfo) -> tuple[str, str]:
    text = joined(
        [
            str(one.number),
            words.word(words.REQUEST_KINDS, one.kind),
            words.word(words.REQUEST_STAGES, one.stage),
            names.partners.get(one.partner, one.partner) if names.view.sees_everything else "",
            formats.instant(one.raised_at, zone),
        ]
    )
    return text, reverse("web:request", args=[names.view.program.code, key_to_text(PREFIX, one.id)])
