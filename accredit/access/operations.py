"""Changes to who may sign in."""

from datetime import datetime

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from accredit.access import audit
from accredit.access.models import Membership, Organization, OrganizationKind, Role, User


class MembershipRefused(ValueError):
    """A person cannot be added like that. The message says what would be right."""


class OrganizationRefused(ValueError):
    """There is no such organization, or it cannot be added like that. The message says what would be right."""


def add_organization(*, code: str, kind: str, name: str) -> Organization:
    """A new partner or agency; advertisers come with the program files that name them. Raises OrganizationRefused for
    another kind, an empty name or code, and a code that is taken."""
    if kind not in (OrganizationKind.PARTNER, OrganizationKind.AGENCY):
        raise OrganizationRefused(
            f"An organization that is added is a partner or an agency, not {kind!r}: advertisers come with the program"
            " files that name them"
        )
    if Organization.objects.filter(code=code.strip()).exists():
        raise OrganizationRefused(f"There is an organization {code.strip()!r} already: give the new one another code")
    organization = Organization(code=code.strip(), kind=kind, name=name.strip())
    try:
        organization.full_clean()
    except ValidationError as error:
        reasons = (f"{field}: {reason}" for field, reasons in error.message_dict.items() for reason in reasons)
        raise OrganizationRefused(f"The organization {code!r} cannot be added: {' '.join(reasons)}") from error
    organization.save()
    return organization


def organization_by_code(code: str) -> Organization:
    """Raises OrganizationRefused where there is none of this code, with those that there are."""
    found = Organization.objects.filter(code=code).first()
    if found is None:
        codes = ", ".join(Organization.objects.order_by("code").values_list("code", flat=True)[:20])
        raise OrganizationRefused(f"There is no organization {code!r}; there are: {codes or 'none yet'}")
    return found


def add_member(*, email: str, name: str, password: str, organization: str, role: str) -> Membership:
    """A new user who belongs to the organization with that code. Raises MembershipRefused for an e-mail that is none or
    already signs in, a weak password, an unknown role; OrganizationRefused for an unknown organization."""
    found = organization_by_code(organization)
    if role not in Role.values:
        raise MembershipRefused(f"There is no role {role!r}; there are: {', '.join(Role.values)}")
    user = User(email=email.strip().lower(), name=name)
    try:
        validate_email(user.email)
        validate_password(password, user)
    except ValidationError as error:
        raise MembershipRefused(" ".join(error.messages)) from error
    if User.objects.filter(email=user.email).exists():
        raise MembershipRefused(f"{user.email} already signs in")
    with transaction.atomic():
        user.set_password(password)
        user.save()
        return Membership.objects.create(user=user, organization=found, role=role)


def remove_two_factor(email: str, *, now: datetime) -> bool:
    """Let the password alone sign a user in who has lost app, passkeys and recovery codes. False where there were none.
    Raises MembershipRefused where nobody signs in with that e-mail."""
    with transaction.atomic():
        user = user_by_email(email)
        removed, _rows = Authenticator.objects.filter(user=user).delete()
        if not removed:
            return False
        audit.record_of(user, actor=None, action="two_factor_reset", now=now)
        return True


def user_by_email(email: str) -> User:
    """Raises MembershipRefused where nobody signs in with that e-mail."""
    user = User.objects.filter(email=email.strip().lower()).first()
    if user is None:
        raise MembershipRefused(f"Nobody signs in with {email!r}")
    return user


def switch_off(user: User, *, actor: User | None, now: datetime) -> bool:
    """Nobody signs in as this user any more: their sessions end, and their keys are refused. What they did stays. False
    where it is so already."""
    with transaction.atomic():
        if not User.objects.filter(pk=user.pk, is_active=True).update(is_active=False):
            return False
        for session in UserSession.objects.filter(user=user):
            session.end()
        audit.record_of(user, actor=actor, action="switched_off", now=now)
    return True


def switch_on(user: User, *, actor: User | None, now: datetime) -> bool:
    """The user signs in again as before, and their keys open. False where it is so already."""
    with transaction.atomic():
        if not User.objects.filter(pk=user.pk, is_active=False).update(is_active=True):
            return False
        audit.record_of(user, actor=actor, action="switched_on", now=now)
    return True
