"""A new program from the browser: the least that a program needs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from accredit.access.models import Membership, Organization, OrganizationKind, User
from accredit.access.permissions import Permission, granted
from accredit.engine.program import Program
from accredit.files.program_file import ValuesRefused, program_of
from accredit.programs.changing import AdvertiserTaken, ProgramTaken, Setup, Values, add_program, fits_addresses
from accredit.programs.operations import AdvertiserRefused
from accredit.web.pages import for_users, show
from accredit.web.setup.fields import Bound, Field, Form, Kind
from accredit.web.setup.program import currencies, zones

BLANK = Setup(Program("", "", "", "EUR", "UTC", 30, ()), {}, {})
START: Values = {
    "currency": "EUR",
    "timezone": "Europe/Berlin",
    "referral_window_days": 30,
    "event_type": "sale",
}
NEW = "new"


@dataclass(frozen=True, slots=True)
class Owner:
    """For whom a user may add programs. `agency`: who runs them then; None where the advertiser itself does."""

    advertisers: Mapping[str, str]
    agency: Organization | None


def owner_of(user: User) -> Owner | None:
    """The advertisers for whom this user may add programs; None: for none."""
    memberships = [
        one
        for one in Membership.objects.filter(user=user).select_related("organization").order_by("id")
        if Permission.SET_UP in granted([(one.organization.kind, one.role)])
    ]
    own = {
        one.organization.code: one.organization.name
        for one in memberships
        if one.organization.kind == OrganizationKind.ADVERTISER
    }
    agency = next((one.organization for one in memberships if one.organization.kind == OrganizationKind.AGENCY), None)
    if agency is not None:
        run = Organization.objects.filter(advertised_programs__agency=agency).order_by("name").distinct()
        own |= {one.code: one.name for one in run}
    return Owner(own, agency) if own or agency else None


def _fields(owner: Owner) -> list[Field]:
    advertisers = [*owner.advertisers.items(), *([(NEW, _("a new advertiser"))] if owner.agency else [])]
    fields = [
        Field("name", gettext_lazy("Name"), required=True, hint=gettext_lazy("As partners read it.")),
        Field(
            "code",
            gettext_lazy("Code"),
            required=True,
            hint=gettext_lazy("Short, such as anvils. It stands in links and files, and stays."),
        ),
        Field("advertiser", gettext_lazy("Advertiser"), Kind.CHOICE, options=lambda _setup: advertisers),
    ]
    if owner.agency:
        fields += [
            Field(
                "advertiser_code", gettext_lazy("Code of the new advertiser"), hint=gettext_lazy("Only for a new one.")
            ),
            Field("advertiser_name", gettext_lazy("Name of the new advertiser")),
        ]
    return [
        *fields,
        Field("currency", gettext_lazy("Currency"), Kind.CHOICE, options=currencies),
        Field("timezone", gettext_lazy("Time zone"), Kind.CHOICE, options=zones),
        Field("referral_window_days", gettext_lazy("Referral window in days"), Kind.NUMBER, required=True),
        Field(
            "event_type",
            gettext_lazy("First event type"),
            required=True,
            hint=gettext_lazy("What is paid for. More can follow."),
        ),
    ]


@require_http_methods(["GET", "HEAD", "POST"])
@for_users
def new_program(request: HttpRequest) -> HttpResponse:
    """A form of a few fields; the guide of the new program comes next."""
    user = cast(User, request.user)
    owner = owner_of(user)
    if owner is None:
        if not Membership.objects.filter(user=user).exclude(organization__kind=OrganizationKind.PARTNER).exists():
            return _for_others(request)
        raise PermissionDenied
    typed = request.POST if request.method == "POST" else None
    form = Form(_fields(owner), BLANK, None, typed, start=START)
    if typed is not None and (code := _added(user, owner, form)):
        return HttpResponseRedirect(reverse("web:setup", args=[code]))
    return show(request, "web/setup/new_program.html", {"form": form, "section": "new-program"})


def _for_others(request: HttpRequest) -> HttpResponse:
    context = {
        "title": _("Programs are made by advertisers and agencies"),
        "remedy": _("Partners take part in them: whoever runs a program adds you to it."),
    }
    return show(request, "web/error.html", context, status=403)


def _added(user: User, owner: Owner, form: Form) -> str:
    """The code of the new program; empty where something is wrong, which then stands in the form."""
    by_name: dict[str, Bound] = {bound.of.name: bound for bound in form.fields}
    values = form.values()
    event_type = values.pop("event_type", "")
    new_code, new_name = values.pop("advertiser_code", ""), values.pop("advertiser_name", "")
    is_new = owner.agency is not None and values.get("advertiser") == NEW
    if is_new:
        values["advertiser"] = new_code or NEW
        if not new_code:
            by_name["advertiser_code"].errors.append(_("A new advertiser needs a code."))
    elif values.get("advertiser") not in owner.advertisers:
        by_name["advertiser"].errors.append(_("Choose an advertiser."))
    document: dict[str, Any] = {"format": 1, "program": values, "event_type": [{"code": event_type}]}
    try:
        program = program_of(document)
    except ValuesRefused as refused:
        form.note([one for one in refused.findings if one.path[:1] != ("event_type",)], ("program",))
        if any(one.path[:1] == ("event_type",) for one in refused.findings):
            by_name["event_type"].errors.append(_("Name it in a few letters, such as sale."))
    for name, code in (("code", values.get("code")), ("advertiser_code", new_code if is_new else "")):
        if code and not fits_addresses(code):
            by_name[name].errors.append(
                _("A code stands in addresses: letters from a to z, digits, and - _ . between them. “new” is taken.")
            )
    if form.wrong:
        return ""
    try:
        add_program(
            program,
            advertiser_name=(new_name or new_code) if is_new else None,
            agency=owner.agency,
            actor=user,
            now=datetime.now(UTC),
        )
    except ProgramTaken:
        by_name["code"].errors.append(
            _("There is a program of this code already, perhaps in other capitals: choose another one.")
        )
    except (AdvertiserTaken, AdvertiserRefused):
        by_name["advertiser_code" if is_new else "advertiser"].errors.append(
            _("There is an organization of this code already: choose another one.")
        )
    return "" if form.wrong else program.code
