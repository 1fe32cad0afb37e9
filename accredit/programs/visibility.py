"""Who sees which program, and how much of it. Pages load a program through here and in no other way."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Self
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from accredit.access.api_keys import permissions_of
from accredit.access.models import ApiKey, Membership, User
from accredit.access.permissions import Permission, granted
from accredit.programs.models import Partner, Program


@dataclass(frozen=True, slots=True)
class Viewpoint:
    """A program as one user sees it. `partners`: None for advertiser and agency, who see everything; else the codes of
    the user's own partners, whose conversions are all that the user sees. `permissions`: what the user may do there;
    where roles differ from partner to partner, `by_partner` says it of each, and `permissions` what holds of any."""

    program: Program
    partners: frozenset[str] | None
    permissions: frozenset[Permission] = frozenset()
    by_partner: Mapping[str, frozenset[Permission]] = field(default_factory=dict)

    @property
    def sees_everything(self) -> bool:
        return self.partners is None

    def may_read(self, partner: str | None) -> bool:
        """Whether the viewer may read what is of this partner; None: of a channel, or of nobody."""
        return self.partners is None or partner in self.partners

    def may(self, permission: Permission, partner: str | None) -> bool:
        """Whether the viewer may do it for this partner."""
        return self.may_read(partner) and permission in self.by_partner.get(partner or "", self.permissions)

    def doing(self, permission: Permission) -> Self | None:
        """What the viewer sees of those for whom they may do it; None: they may do it for nobody."""
        if permission not in self.permissions:
            return None
        if self.partners is None:
            return self
        return replace(self, partners=frozenset(one for one in self.partners if self.may(permission, one)))


def visible_programs(user: User) -> Sequence[Program]:
    """The programs of the user's organizations, with their advertisers, by name."""
    return list(_visible_to(user).order_by("name", "code"))


def viewpoint(user: User, code: str) -> Viewpoint:
    """The program `code` as `user` sees it; whoever is on the side of advertiser or agency is no partner there. Raises
    Program.DoesNotExist where there is none that the user may see."""
    if "\0" in code:  # PostgreSQL refuses to look for it
        raise Program.DoesNotExist
    program = _visible_to(user).get(code=code)
    owning = Membership.objects.filter(user=user, organization__in=[program.advertiser_id, program.agency_id])
    if parts := list(owning.values_list("organization__kind", "role")):
        return Viewpoint(program, None, granted(parts))
    own = Partner.objects.filter(program=program, organization__memberships__user=user).values_list(
        "code", "organization__kind", "organization__memberships__role"
    )
    by_partner = {code: granted([(kind, role)]) for code, kind, role in own}
    return Viewpoint(program, frozenset(by_partner), frozenset().union(*by_partner.values()), by_partner)


def viewpoint_of_key(key: ApiKey, code: str) -> Viewpoint:
    """The program `code` as a program with this key sees it: as far as its organization has a part in it, with what the
    key may do. Raises Program.DoesNotExist where that is nothing."""
    seen = viewpoint(key.user, code)
    if key.organization_id in (seen.program.advertiser_id, seen.program.agency_id):
        return Viewpoint(seen.program, None, permissions_of(key))
    own = Partner.objects.filter(program=seen.program, organization=key.organization_id).values_list("code", flat=True)
    if not own:
        raise Program.DoesNotExist
    return Viewpoint(seen.program, frozenset(own), permissions_of(key))


def viewpoints_of_key(key: ApiKey) -> Sequence[Viewpoint]:
    """Every program that `viewpoint_of_key` finds for the key, by name."""
    own: dict[UUID, set[str]] = {}
    for id, code in Partner.objects.filter(organization=key.organization_id).values_list("program_id", "code"):
        own.setdefault(id, set()).add(code)
    may, seen = permissions_of(key), []
    for program in visible_programs(key.user):
        if key.organization_id in (program.advertiser_id, program.agency_id):
            seen.append(Viewpoint(program, None, may))
        elif program.id in own:
            seen.append(Viewpoint(program, frozenset(own[program.id]), may))
    return seen


def _owners(user: User) -> QuerySet[Membership]:
    """The user's memberships in the advertiser or the agency of a program."""
    organizations = Q(organization=OuterRef("advertiser")) | Q(organization=OuterRef("agency"))
    return Membership.objects.filter(organizations, user=user)


def _visible_to(user: User) -> QuerySet[Program]:
    partners = Partner.objects.filter(program=OuterRef("pk"), organization__memberships__user=user)
    return Program.objects.filter(Exists(_owners(user)) | Exists(partners)).select_related("advertiser")
