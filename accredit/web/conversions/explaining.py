"""What the panel says of one conversion: who gets the credit and why, click by click, and how the commission is made.

A partner reads the same, without the names of other partners and of channels, and without their codes and clicks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accredit.access.permissions import Permission
from accredit.conversions.columns import PREFIX
from accredit.conversions.intake import came_in
from accredit.conversions.models import REQUESTED, Conversion, CreditedTo, Decision
from accredit.conversions.turnover import has_last_turnover
from accredit.database.keys import key_to_text
from accredit.lists.places import EPOCH
from accredit.programs.visibility import Viewpoint
from accredit.web import formats, words
from accredit.web.conversions.history import history_of, reason_titles
from accredit.web.conversions.summing import sum_of
from accredit.web.naming import Names, Party

WON = "won"
COUNTED = {WON, "promo_code_precedence", "earlier_click", "lower_credit_group"}
"""Outcomes of clicks and codes that stood for election; the others fell out before."""


@dataclass(frozen=True, slots=True)
class Step:
    """One point of the time line. `day` is set where a new day begins; `kind` decides how the point is drawn."""

    kind: str
    who: str
    when: str
    why: str = ""
    outcome: str = ""
    day: str = ""


def explain(names: Names, conversion: Conversion, *, all_items: bool = False) -> Mapping[str, Any]:
    """The context of the panel."""
    decision = Decision.objects.get(
        program=conversion.program_id, conversion_id=conversion.id, number=conversion.decision
    )
    view = names.view
    zone = ZoneInfo(view.program.timezone)
    return {
        "conversion": conversion,
        "may_change_turnover": Permission.VALIDATE in view.permissions and not has_last_turnover(conversion),
        "request_url": _request_url(conversion, view),
        "conversion_key": key_to_text(PREFIX, conversion.id),
        "occurred_at": formats.instant(conversion.occurred_at, zone, seconds=True),
        "zone": view.program.timezone,
        "status": words.word(words.STATUSES, conversion.status),
        "turnover": formats.money(conversion.turnover_minor, conversion.currency),
        "commission": formats.money(conversion.commission_minor, conversion.currency),
        "rejection_reason": _rejection_reason(conversion, view),
        "history": history_of(names, conversion),
        "verdict": _verdict(decision, names),
        "journey": _journey(conversion, decision, names, zone),
        "more_clicks": _more_clicks(decision.explanation_more),
        "synthetic": view.program.clicks_are_synthetic and conversion.signed is None,
        "sum": sum_of(conversion, all_items=all_items),
        "terms": _terms(conversion),
        "order_facts": _order_facts(conversion, names),
    }


def _request_url(conversion: Conversion, view: Viewpoint) -> str:
    """Where one asks for a change of it; empty for those who may not, and where no partner could."""
    if conversion.partner is None or not view.may(Permission.RAISE_REQUESTS, conversion.partner):
        return ""
    return reverse("web:request-new", args=[view.program.code]) + f"?conversion={key_to_text(PREFIX, conversion.id)}"


def _rejection_reason(conversion: Conversion, view: Viewpoint) -> str:
    """Its title; a reason that the program no longer has goes by its code."""
    code = conversion.rejection_reason
    return reason_titles(view).get(code, code) if code else ""


def _winner(credited: Decision) -> Party | None:
    if credited.credited_to == CreditedTo.NONE:
        return None
    return Party(CreditedTo(credited.credited_to), credited.partner or credited.channel or "")


def _verdict(decision: Decision, names: Names) -> Sequence[str]:
    """Who gets the credit, why, and who would have had it otherwise, in whole sentences."""
    winner = _winner(decision)
    if winner is None:
        return [_("Nobody gets the credit: the journey has no click and no code that could win.")]
    facts = {
        "who": names.of(winner),
        "group": words.word(words.CREDIT_GROUPS, decision.credit_group or ""),
        "code": decision.credited_promo_code,
    }
    if decision.reason.startswith(REQUESTED):
        number = decision.reason.removeprefix(REQUESTED)
        return [_("%(who)s gets the credit by the conversion request %(number)s.") % {**facts, "number": number}]
    if decision.reason == "promo_code":
        first = _(
            "%(who)s gets the credit: its promo code %(code)s goes before every click of its credit group (%(group)s)."
        )
    else:
        first = _("%(who)s gets the credit: the last click in the highest credit group of the journey (%(group)s).")
    sentences = [first % facts]
    if decision.credited_to == CreditedTo.CHANNEL:
        sentences.append(_("A channel is the advertiser’s own marketing: no partner earns commission."))
    other = Party.from_text(decision.without_winner)
    if other is None:
        sentences.append(_("Without %(who)s, nobody would have got it.") % facts)
    else:
        sentences.append(_("Without %(who)s, %(other)s would have won.") % {**facts, "other": names.of(other)})
    return sentences


def _journey(conversion: Conversion, decision: Decision, names: Names, zone: ZoneInfo) -> Sequence[Step]:
    """Clicks in the order of time; codes come with the order; the conversion stands among them."""
    timed: list[tuple[datetime, int, Step]] = []
    for party_text, _click, clicked_at_us, promo_code, group, outcome in decision.explanation:
        party = Party.from_text(party_text)
        at = EPOCH + timedelta(microseconds=clicked_at_us) if clicked_at_us is not None else conversion.occurred_at
        who = capfirst(names.of(party)) if not names.shows(party) else names.of(party)
        if promo_code:
            shown = promo_code if names.shows(party) else _("not shown")
            who = _("Promo code %(code)s") % {"code": shown} if clicked_at_us is None and party is None else who
        facts = [_("credit group %(group)s") % {"group": words.word(words.CREDIT_GROUPS, group)}] if group else []
        if promo_code and party is not None:
            facts.append(_("promo code %(code)s") % {"code": promo_code if names.shows(party) else _("not shown")})
        step = Step(
            kind=WON if outcome == WON else "counted" if outcome in COUNTED else "out",
            who=who,
            when=formats.clock_time(at, zone) if clicked_at_us is not None else "",
            why=" · ".join(facts),
            outcome=words.word(words.OUTCOMES, outcome),
        )
        timed.append((at, 0 if clicked_at_us is not None else 1, step))
    what = Step("conversion", _("Conversion"), formats.clock_time(conversion.occurred_at, zone))
    timed.append((conversion.occurred_at, 2, what))
    timed.sort(key=lambda one: one[:2])
    return _with_days([(at, step) for at, _rank, step in timed], zone)


def _with_days(timed: Sequence[tuple[datetime, Step]], zone: ZoneInfo) -> Sequence[Step]:
    """The steps, the first of each day with the name of the day."""
    steps, day = [], ""
    for at, step in timed:
        today = formats.day(at, zone)
        steps.append(Step(step.kind, step.who, step.when, step.why, step.outcome, today if today != day else ""))
        day = today
    return steps


def _more_clicks(count: int) -> str:
    if not count:
        return ""
    text = ngettext(
        "Before that, %(n)s click that could not count.", "Before that, %(n)s clicks that could not count.", count
    )
    return text % {"n": formats.number(count)}


def _terms(conversion: Conversion) -> str:
    if not conversion.terms:
        return ""
    return _("%(terms)s, version %(version)s") % {"terms": conversion.terms, "version": conversion.terms_version}


def _came_in(conversion: Conversion, view: Viewpoint) -> str:
    """How the order came in; nothing for partners, whom the shop's files and servers are no business of."""
    if not view.sees_everything:
        return ""
    found = came_in(conversion.program_id, conversion.event_type, conversion.order_token)
    return words.way_in(found.source, found.signed) if found else ""


def _order_facts(conversion: Conversion, names: Names) -> Sequence[tuple[str, str]]:
    """What came with the order and from the winning click, without whatever is empty. Never a visitor or customer."""
    view = names.view
    own_code = conversion.promo_code if view.sees_everything else conversion.credited_promo_code
    facts = [
        (_("Event type"), conversion.event_type),
        (_("Came in"), _came_in(conversion, view)),
        (_("Customer status"), _customer_status(conversion, names)),
        (_("Promo code"), own_code),
        (_("Category"), conversion.category),
        (_("Country"), conversion.country),
        (_("Region"), conversion.region),
        (_("City"), conversion.city),
        (_("Postcode"), conversion.postcode),
        (_("Device"), conversion.device),
        (_("Ad"), conversion.ad),
        (_("Project"), conversion.project),
        *[(_("Sub id %(n)s") % {"n": n}, getattr(conversion, f"sub_id{n}")) for n in range(1, 7)],
    ]
    return [(title, value) for title, value in facts if value]


def _customer_status(conversion: Conversion, names: Names) -> str:
    """The status; where the shop's own word differs, the word beside it."""
    status, word = conversion.customer_status or "", conversion.customer_status_word or ""
    shown = names.customer_status(conversion.event_type, status)
    if word and word != status:
        return _("%(status)s (the shop sent “%(word)s”)") % {"status": shown, "word": word}
    return shown
