"""Whose people somebody may see, invite and manage. Pages load an organization through here and in no other way.

Members see their colleagues; an owner manages them. Beyond one's own organization: owners of an agency may invite into
the advertisers whose programs it runs, and owners of an agency or an advertiser into the organization of a partner of
theirs as long as nobody owns it, so that a partner gets in the first time. Then its people are its own affair."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from accredit.access import audit
from accredit.access.models import Membership, Organization, OrganizationKind, Role, User
from accredit.access.permissions import Permission, granted
from accredit.programs.models import Partner, Program

LONGEST_CODE = 100


@dataclass(frozen=True, slots=True)
class Reach:
    """An organization as one user reaches it. `manages`: change roles, end memberships, make keys, read the log."""

    organization: Organization
    is_member: bool
    manages: bool
    invites: bool


def reach(user: User, code: str) -> Reach:
    """The organization `code` as `user` reaches it. Raises Organization.DoesNotExist where they do not."""
    if "\0" in code:  # PostgreSQL refuses to look for it
        raise Organization.DoesNotExist
    own = Membership.objects.filter(user=user, organization__code=code).select_related("organization").first()
    if own is not None:
        manages = Permission.MANAGE_PEOPLE in granted([(own.organization.kind, own.role)])
        return Reach(own.organization, True, manages, manages)
    return Reach(_invited_into(user).get(code=code), False, False, True)


def organizations_of(user: User) -> Sequence[Organization]:
    """Where the user is a member, by name."""
    return list(Organization.objects.filter(memberships__user=user).order_by("name", "code"))


def others_to_invite_into(user: User) -> Sequence[Organization]:
    """Where the user may invite without being a member, by name."""
    return list(_invited_into(user).order_by("name", "code"))


def _invited_into(user: User) -> QuerySet[Organization]:
    owned = Membership.objects.filter(user=user, role=Role.OWNER).values("organization")
    by_agency = Program.objects.filter(advertiser=OuterRef("pk"), agency__in=owned)
    programs = Program.objects.filter(Q(advertiser__in=owned) | Q(agency__in=owned))
    partner_of = Partner.objects.filter(organization=OuterRef("pk"), program__in=programs.values("pk"))
    has_owner = Membership.objects.filter(organization=OuterRef("pk"), role=Role.OWNER)
    return Organization.objects.filter(
        Exists(by_agency) | (Q(kind=OrganizationKind.PARTNER) & Exists(partner_of) & ~Exists(has_owner))
    ).exclude(memberships__user=user)


def operates(user: User) -> bool:
    """Whether the user may switch people off at all."""
    return bool(_operated_by(user))


def _operated_by(user: User) -> Sequence[UUID]:
    """The agencies that the user operates."""
    found = Membership.objects.filter(user=user).values_list("organization", "organization__kind", "role")
    return [id for id, kind, role in found if Permission.OPERATE in granted([(kind, role)])]


def switchable(user: User, organization: Organization) -> QuerySet[User]:
    """The members of an organization whom the user may switch off and on: everybody else whose every organization is an
    agency of the user's, or an advertiser or partner of its programs."""
    agencies = _operated_by(user)
    served = Organization.objects.filter(
        Q(pk__in=agencies) | Q(advertised_programs__agency__in=agencies) | Q(partnerships__program__agency__in=agencies)
    )
    elsewhere = Membership.objects.filter(user=OuterRef("pk")).exclude(organization__in=served.values("pk"))
    return User.objects.filter(~Exists(elsewhere), memberships__organization=organization).exclude(pk=user.pk)


def organization_of_partner(partner: Partner, *, actor: User, now: datetime) -> Organization:
    """The organization on whose behalf people of this partner sign in; made where there is none yet."""
    with transaction.atomic():
        locked = (
            Partner.objects.select_for_update(of=("self",))
            .select_related("organization", "program__advertiser")
            .get(pk=partner.pk)
        )
        if locked.organization is not None:
            return locked.organization
        locked.organization = Organization.objects.create(
            kind=OrganizationKind.PARTNER, code=_free_code(locked), name=locked.name[:200]
        )
        locked.save(update_fields=["organization"])
        program = locked.program
        audit.record(
            actor=actor, action="partner_let_in", program=program, organization=program.advertiser,
            subject=locked.name, now=now,
        )  # fmt: skip
        return locked.organization


def _free_code(partner: Partner) -> str:
    """The partner's code where no organization has it, else with the program's before it, else with a random end."""
    for code in (partner.code, f"{partner.program.code}-{partner.code}"):
        if len(code) <= LONGEST_CODE and not Organization.objects.filter(code=code).exists():
            return code
    return f"{partner.code[:70]}-{secrets.token_hex(8)}"
