"""Partners with their contracts: the list, a new one, one of them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.core.paginator import Paginator
from django.db.models import Prefetch, Q
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from accredit.access.permissions import Permission
from accredit.database.keys import key_to_text
from accredit.programs.changing import PartChanged, Setup, Values, digest, setup_of
from accredit.programs.models import ContractPeriod, Partner
from accredit.programs.visibility import Viewpoint
from accredit.web import formats, words
from accredit.web.pages import for_permitted
from accredit.web.setup.collections import CODE, NAME, days
from accredit.web.setup.fields import Field, Form, Kind
from accredit.web.setup.frame import for_setup, show_page
from accredit.web.setup.links import links_of
from accredit.web.setup.parts import PAGE_ROWS, back_to, save_new
from accredit.web.setup.periods import PARTNERS, line_of, owner_code
from accredit.web.setup.saving import Attempt, Path, attempt

LABELS = Field(
    "labels",
    _("Labels, one a line"),
    Kind.LINES,
    hint=_(
        "Words of your own to find contracts by. Where you use credit groups, label every contract with its group:"
        " then terms can be looked up by them."
    ),
)


@require_safe
@for_setup
def index(request: HttpRequest, view: Viewpoint) -> HttpResponse:
    """The partners, by name, with the contract that each has now."""
    sought = request.GET.get("q", "").replace("\0", "").strip()
    found = Partner.objects.filter(program=view.program).order_by("name", "code")
    if sought:
        found = found.filter(
            Q(name__icontains=sought) | Q(code__icontains=sought) | Q(contract__labels__contains=[sought])
        )
    periods = ContractPeriod.objects.select_related("terms_version").order_by("starts_at")
    page = Paginator(
        found.select_related("organization", "contract").prefetch_related(
            Prefetch("contract__periods", queryset=periods)
        ),
        PAGE_ROWS,
    ).get_page(request.GET.get("page"))
    now, zone = datetime.now(UTC), ZoneInfo(view.program.timezone)
    count = page.paginator.count
    context = {
        "rows": page,
        "partners": [_row(one, now, zone) for one in page],
        "count": formats.number(count),
        "sought": sought,
        "searchable": count > 10 or sought,
    }
    return show_page(request, view, "setup-partners", "web/setup/partners.html", context)


def _row(partner: Partner, now: datetime, zone: ZoneInfo) -> Mapping[str, Any]:
    contract = getattr(partner, "contract", None)
    periods = list(contract.periods.all()) if contract else []
    live = [one for one in periods if one.starts_at <= now and (one.ends_at is None or one.ends_at > now)]
    coming = [one for one in periods if one.starts_at > now]
    row = {
        "key": key_to_text(PARTNERS.prefix, partner.id),
        "code": partner.code,
        "name": partner.name,
        "organization": partner.organization.name if partner.organization else "",
        "labels": contract.labels if contract else [],
        "coming": formats.instant(coming[0].starts_at, zone) if coming and not live else "",
    }
    for one in live:
        row |= {
            "terms": str(one.terms_version),
            "group": words.word(words.CREDIT_GROUPS, one.credit_group),
            "window": days(one.referral_window_days),
            "until": formats.instant(one.ends_at, zone) if one.ends_at else "",
        }
    return row


@require_http_methods(["GET", "HEAD", "POST"])
@for_permitted(Permission.SET_UP)
def new(request: HttpRequest, view: Viewpoint) -> HttpResponse:
    """A form for a new partner; its page, with its contract, comes next."""
    setup = setup_of(view.program.code)
    form = Form((NAME, CODE), setup, None, request.POST if request.method == "POST" else None)
    tried = Attempt()
    if request.method == "POST":
        tried = save_new(request, view, form, "partner")
        if tried.saved:
            added = Partner.objects.get(program=view.program, code=form.values()["code"])
            return back_to(view, "setup-partners-one", key_to_text(PARTNERS.prefix, added.id))
    back = reverse("web:setup-partners", args=[view.program.code])
    context = {"title": _("New partner"), "form": form, "tried": tried, "back": back}
    return show_page(request, view, "setup-partners", "web/setup/part.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@for_setup
def one(request: HttpRequest, view: Viewpoint, owner: str) -> HttpResponse:
    """A partner: name and labels, the periods of its contract, its links."""
    setup = setup_of(view.program.code)
    code = owner_code(PARTNERS, setup, owner)
    typed = request.POST if request.method == "POST" else None
    form, tried = Form((NAME, CODE, LABELS), setup, _part(setup, code), typed), Attempt()
    if request.method == "POST":
        form, tried = _save(request, view, form, code)
        if tried.saved and request.POST.get("act") == "remove":
            return back_to(view, "setup-partners")
        if tried.saved:
            return back_to(view, "setup-partners-one", owner)
    partner = Partner.objects.select_related("organization").get(program=view.program, code=code)
    context = {
        "title": partner.name,
        "partner": partner,
        "form": form,
        "tried": tried,
        "seen": digest(form.part),
        "removable": True,
        "removing": request.POST.get("act") == "remove",
        "back": reverse("web:setup-partners", args=[view.program.code]),
        "owner": owner,
        "periods": line_of(PARTNERS, setup, _contract(setup, code)),
        "links": links_of(request, view.program, code),
        "may_invite": Permission.MANAGE_PEOPLE in view.permissions,
    }
    return show_page(request, view, "setup-partners", "web/setup/partner.html", context)


def _contract(setup: Setup, code: str) -> Values:
    found = [one for one in setup.values.get("contract", ()) if one["partner"] == code]
    return found[0] if found else {"partner": code}


def _part(setup: Setup, code: str) -> Values:
    """A partner with the labels of its contract."""
    [partner] = [one for one in setup.values["partner"] if one["code"] == code]
    labels = _contract(setup, code).get("labels")
    return {**partner, **({"labels": labels} if labels else {})}


def _save(request: HttpRequest, view: Viewpoint, form: Form, code: str) -> tuple[Form, Attempt]:
    values = form.values()
    removes = request.POST.get("act") == "remove"

    def edit(setup: Setup) -> Path:
        owner_code(PARTNERS, setup, key_to_text(PARTNERS.prefix, setup.ids["partner"][(code,)]))
        if digest(_part(setup, code)) != request.POST.get("seen"):
            raise PartChanged
        partners = setup.values["partner"]
        place = [one["code"] for one in partners].index(code)
        if removes:
            del partners[place]
            setup.values["contract"] = [one for one in setup.values.get("contract", ()) if one["partner"] != code]
            return "partner", place
        labels = values.pop("labels", None)
        partners[place] = values
        _label(setup, code, labels)
        return "partner", place

    tried = attempt(request, view, edit, form)
    if tried.changed:
        setup = setup_of(view.program.code)
        form = Form((NAME, CODE, LABELS), setup, _part(setup, code), request.POST)
        form.show_now()
    return form, tried


def _label(setup: Setup, code: str, labels: list[str] | None) -> None:
    if labels is None and not any(one["partner"] == code for one in setup.values.get("contract", ())):
        return
    kind, number = PARTNERS.at(setup, code)
    contract = setup.values[str(kind)][number]
    contract.pop("labels", None)
    if labels:
        contract["labels"] = labels
