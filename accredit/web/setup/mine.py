"""What a partner sees of the set-up: its own contracts, links, promo codes, and the ads. Nobody else's."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from accredit.programs.models import Ad, ContractPeriod, Partner, PromoCode
from accredit.programs.visibility import Viewpoint
from accredit.web import formats, words
from accredit.web.pages import for_program, show
from accredit.web.setup.collections import days
from accredit.web.setup.links import links_of

MATCHES: words.Words = {"exact": _("this code alone"), "regex": _("every code of this pattern")}
"""As partners read it."""


@require_safe
@for_program
def mine(request: HttpRequest, view: Viewpoint) -> HttpResponse:
    """A partner's own page; those who run the program have the set-up instead."""
    if view.partners is None:
        raise Http404(f"the set-up of {view.program.code!r} shows more")
    partners = Partner.objects.filter(program=view.program, code__in=view.partners).order_by("name", "code")
    chosen = next((one for one in partners if one.code == request.GET.get("partner")), partners[0])
    zone, now = ZoneInfo(view.program.timezone), datetime.now(UTC)
    context = {
        "section": "mine",
        "program": view.program,
        "view": view,
        "partners": partners,
        "partner": chosen,
        "periods": _periods(chosen, zone, now),
        "codes": _codes(chosen, zone, now),
        "ads": Ad.objects.filter(program=view.program).order_by("name", "code"),
        "links": links_of(request, view.program, chosen.code),
    }
    return show(request, "web/setup/mine.html", context)


def _periods(partner: Partner, zone: ZoneInfo, now: datetime) -> Sequence[Mapping[str, Any]]:
    found = ContractPeriod.objects.filter(contract__partner=partner).select_related("terms_version")
    return [
        {
            "from": formats.instant(one.starts_at, zone),
            "until": formats.instant(one.ends_at, zone) if one.ends_at else "",
            "live": one.starts_at <= now and (one.ends_at is None or one.ends_at > now),
            "coming": one.starts_at > now,
            "terms": one.terms_version,
            "group": words.word(words.CREDIT_GROUPS, one.credit_group),
            "window": days(one.referral_window_days),
        }
        for one in found.order_by("-starts_at")
    ]


def _codes(partner: Partner, zone: ZoneInfo, now: datetime) -> Sequence[Mapping[str, Any]]:
    return [
        {
            "code": one.code,
            "match": words.word(MATCHES, one.match),
            "policy": words.word(words.POLICIES, one.policy),
            "from": formats.instant(one.starts_at, zone) if one.starts_at else "",
            "until": formats.instant(one.ends_at, zone) if one.ends_at else "",
            "over": one.ends_at is not None and one.ends_at <= now,
        }
        for one in PromoCode.objects.filter(partner=partner).order_by("code", "starts_at")
    ]
