"""What each role may do. Nothing else decides it."""

from collections.abc import Iterable, Mapping
from enum import StrEnum

from accredit.access.models import OrganizationKind, Role


class Permission(StrEnum):
    """Something that somebody may do in a program or in an organization. To see is to be a member."""

    VALIDATE = "validate"
    """Approve and reject conversions, and change their turnover."""
    DECIDE_REQUESTS = "decide_requests"
    """Accept and reject conversion requests."""
    RAISE_REQUESTS = "raise_requests"
    """Raise and withdraw conversion requests: partners their own, others for any partner."""
    SET_UP = "set_up"
    """Change the set-up of programs."""
    ACCEPT_TERMS = "accept_terms"
    """Let one's own contract begin with announced terms earlier."""
    MANAGE_PEOPLE = "manage_people"
    """Invite people into the organization, change their roles, end their memberships, and make keys for programs."""

    SHARE_VIEWS = "share_views"
    """Keep views of lists for everybody in the organization, and change those that are."""
    OPERATE = "operate"
    """See what concerns the installation and none of its programs: orders for programs that do not exist; and switch
    people off and on who belong to one's programs alone."""


_SHARES = frozenset({Permission.SHARE_VIEWS})
_EDITS = _SHARES | {
    Permission.VALIDATE,
    Permission.SET_UP,
    Permission.DECIDE_REQUESTS,
    Permission.RAISE_REQUESTS,
}
_EDITS_OF_PARTNERS = _SHARES | {Permission.ACCEPT_TERMS, Permission.RAISE_REQUESTS}
_OWNS = frozenset({Permission.MANAGE_PEOPLE})
GRANTS: Mapping[tuple[OrganizationKind, Role], frozenset[Permission]] = {
    (OrganizationKind.AGENCY, Role.OWNER): _EDITS | _OWNS | {Permission.OPERATE},
    (OrganizationKind.AGENCY, Role.EDITOR): _EDITS,
    (OrganizationKind.AGENCY, Role.VIEWER): frozenset(),
    (OrganizationKind.ADVERTISER, Role.OWNER): _EDITS | _OWNS,
    (OrganizationKind.ADVERTISER, Role.EDITOR): _EDITS,
    (OrganizationKind.ADVERTISER, Role.VIEWER): frozenset(),
    (OrganizationKind.PARTNER, Role.OWNER): _EDITS_OF_PARTNERS | _OWNS,
    (OrganizationKind.PARTNER, Role.EDITOR): _EDITS_OF_PARTNERS,
    (OrganizationKind.PARTNER, Role.VIEWER): frozenset(),
}


def granted(parts: Iterable[tuple[str, str]]) -> frozenset[Permission]:
    """What somebody may do who has these parts: kinds of organizations and roles in them."""
    return frozenset().union(*(GRANTS[OrganizationKind(kind), Role(role)] for kind, role in parts))
