"""Members of organizations, and invitations to them."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accredit.access import people as operations
from accredit.access.models import Invitation, Language, Membership, Organization, OrganizationKind, Role, User
from accredit.access.operations import switch_off, switch_on
from accredit.access.people import PeopleRefused
from accredit.access.permissions import Permission
from accredit.programs.models import Partner
from accredit.programs.people import (
    Reach,
    operates,
    organization_of_partner,
    organizations_of,
    others_to_invite_into,
    reach,
    switchable,
)
from accredit.programs.visibility import Viewpoint
from accredit.web import formats
from accredit.web.pages import for_permitted, for_users, show
from accredit.web.people import words
from accredit.web.people.inviting import send_invitation
from accredit.web.words import Words, word

UTC_ZONE = ZoneInfo("UTC")
"""Organizations have no time zone of their own."""
P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, Reach, P], HttpResponse]


def for_organization(view: View[P]) -> Callable[..., HttpResponseBase]:
    """Loads the organization of the address (`code`) as the signed-in user reaches it; to others it does not exist."""

    def loaded(request: HttpRequest, /, code: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        try:
            found = reach(cast(User, request.user), code)
        except Organization.DoesNotExist:
            raise Http404(f"no organization {code!r} for this user") from None
        return view(request, found, *args, **kwargs)

    return wraps(view)(for_users(loaded))


def for_managers(view: View[P]) -> Callable[..., HttpResponseBase]:
    """Like `for_organization`, for its owners; to whoever may only invite, the page does not exist."""

    def managed(request: HttpRequest, found: Reach, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not found.is_member:
            raise Http404("a page for members")
        if not found.manages:
            raise PermissionDenied
        return view(request, found, *args, **kwargs)

    return for_organization(wraps(view)(managed))


@require_safe
@for_users
def organizations(request: HttpRequest) -> HttpResponse:
    """The user's organization; a list where there are several."""
    user = cast(User, request.user)
    own, others = organizations_of(user), others_to_invite_into(user)
    if len(own) == 1 and not others:
        return redirect("web:people", own[0].code)
    return show(request, "web/people/organizations.html", {"section": "people", "own": own, "others": others})


@require_safe
@for_organization
def people(request: HttpRequest, found: Reach) -> HttpResponse:
    """Who belongs to an organization and who is invited."""
    return _people(request, found)


def _people(request: HttpRequest, found: Reach, *, status: int = 200, **more: Any) -> HttpResponse:
    zone, now = UTC_ZONE, datetime.now(UTC)
    organization = found.organization
    members = organization.memberships.select_related("user").order_by("user__name", "user__email")
    user = cast(User, request.user)
    switched = set(switchable(user, organization).values_list("pk", flat=True)) if operates(user) else set()
    waiting = organization.invitations.filter(operations.OPEN).order_by("-created_at") if found.invites else []
    context = {
        "section": "people",
        "part": "people",
        "reach": found,
        "organization": organization,
        "kind": word(words.KINDS, organization.kind),
        "roles": [(role, word(words.ROLES, role)) for role in Role.values],
        "rights": _rights(organization),
        "members": [
            {
                "one": one,
                "role": word(words.ROLES, one.role),
                "self": one.user_id == user.pk,
                "switchable": one.user_id in switched,
            }
            for one in members
        ],
        "switches": bool(switched),
        "invitations": [
            {
                "one": one,
                "role": word(words.ROLES, one.role),
                "until": formats.instant(one.expires_at, zone),
                "expired": one.expires_at <= now,
            }
            for one in waiting
        ],
        "languages": Language.choices,
        "email": "",
        "chosen_role": Role.VIEWER,
        "chosen_language": get_language(),
        **more,
    }
    return show(request, "web/people/people.html", context, status=status)


def _rights(organization: Organization) -> Words:
    if organization.kind == OrganizationKind.PARTNER:
        return words.PARTNER_RIGHTS
    return words.OWNING_RIGHTS


@require_POST
@for_organization
def invite(request: HttpRequest, found: Reach) -> HttpResponse:
    """Invites by e-mail; what was typed stays in the form where it is refused."""
    if not found.invites:
        raise PermissionDenied
    email, role = request.POST.get("email", ""), request.POST.get("role", "")
    language = request.POST.get("language", "")
    try:
        _invite(request, found.organization, email, role, language)
    except PeopleRefused as refused:
        typed = {"email": email, "chosen_role": role, "chosen_language": language}
        return _people(request, found, status=422, wrong=word(words.REFUSED, refused.code), **typed)
    return redirect("web:people", found.organization.code)


def _invite(request: HttpRequest, organization: Organization, email: str, role: str, language: str) -> None:
    invitation, token = operations.invite(
        organization=organization,
        email=email,
        role=role,
        language=language,
        actor=cast(User, request.user),
        now=datetime.now(UTC),
        keeps_role=True,
    )
    if send_invitation(request, invitation, token):
        messages.success(request, _("The invitation is on its way to %(email)s.") % {"email": invitation.email})
    else:
        messages.error(
            request,
            _(
                "%(email)s is invited, but the e-mail could not be sent. Send it again; if it stays, tell whoever runs"
                " this installation."
            )
            % {"email": invitation.email},
        )


@require_POST
@for_organization
def change_invitation(request: HttpRequest, found: Reach, id: UUID) -> HttpResponse:
    """Sends an open invitation again, or withdraws it."""
    if not found.invites:
        raise PermissionDenied
    invitation = (
        Invitation.objects.filter(pk=id, organization=found.organization).select_related("organization").first()
    )
    if invitation is None:
        raise Http404("no such invitation")
    if request.POST.get("do") == "withdraw":
        if operations.withdraw(invitation, actor=cast(User, request.user), now=datetime.now(UTC)):
            messages.success(request, _("The invitation is withdrawn; its link no longer opens."))
        return redirect("web:people", found.organization.code)
    try:
        if invitation.accepted_at is None and invitation.withdrawn_at is None:
            _invite(request, found.organization, invitation.email, invitation.role, invitation.language)
    except PeopleRefused as refused:
        messages.error(request, word(words.REFUSED, refused.code))
    return redirect("web:people", found.organization.code)


@require_POST
@for_managers
def change_member(request: HttpRequest, found: Reach, id: UUID) -> HttpResponse:
    """Gives a member another role, or ends the membership."""
    membership = Membership.objects.filter(pk=id, organization=found.organization).first()
    if membership is None:
        raise Http404("no such member")
    actor, now = cast(User, request.user), datetime.now(UTC)
    try:
        if request.POST.get("do") == "end":
            operations.end_membership(membership, actor=actor, now=now)
            messages.success(request, _("The membership is ended."))
            if membership.user_id == actor.pk:
                return redirect("web:home")
        else:
            operations.change_role(membership, request.POST.get("role", ""), actor=actor, now=now)
            messages.success(request, _("The role is changed."))
    except PeopleRefused as refused:
        return _people(request, found, status=422, wrong_member=word(words.REFUSED, refused.code))
    return redirect("web:people", found.organization.code)


@require_POST
@for_organization
def switch_member(request: HttpRequest, found: Reach, id: UUID) -> HttpResponse:
    """Switches a person off, or on again."""
    actor = cast(User, request.user)
    if not operates(actor):
        raise PermissionDenied
    membership = Membership.objects.filter(pk=id, organization=found.organization).select_related("user").first()
    if membership is None:
        raise Http404("no such member")
    if not switchable(actor, found.organization).filter(pk=membership.user_id).exists():
        raise PermissionDenied
    name, now = membership.user.name, datetime.now(UTC)
    if request.POST.get("do") == "on":
        switch_on(membership.user, actor=actor, now=now)
        messages.success(request, _("%(name)s can sign in again.") % {"name": name})
    else:
        switch_off(membership.user, actor=actor, now=now)
        text = _("%(name)s is switched off: every session has ended, and keys are refused.")
        messages.success(request, text % {"name": name})
    return redirect("web:people", found.organization.code)


@require_http_methods(["GET", "HEAD", "POST"])
@for_permitted(Permission.MANAGE_PEOPLE)
def program_people(request: HttpRequest, view: Viewpoint) -> HttpResponse:
    """On whose behalf people see the program; makes the organization of a partner that has none yet."""
    user = cast(User, request.user)
    partners = Partner.objects.filter(program=view.program).select_related("organization").order_by("name", "code")
    if request.method == "POST":
        partner = partners.filter(code=request.POST.get("partner", "").replace("\0", "")).first()
        if partner is None:
            raise Http404("no such partner")
        return redirect("web:people", organization_of_partner(partner, actor=user, now=datetime.now(UTC)).code)
    program = view.program
    owning = [one for one in (program.agency, program.advertiser) if one is not None]
    reached = {one.pk for one in (*organizations_of(user), *others_to_invite_into(user))}
    context = {
        "section": "people",
        "program": program,
        "view": view,
        "owning": [{"one": one, "kind": word(words.KINDS, one.kind), "reached": one.pk in reached} for one in owning],
        "partners": [
            {"one": one, "reached": one.organization is not None and one.organization.pk in reached} for one in partners
        ],
    }
    return show(request, "web/people/program.html", context)
