"""Changes to who may sign in."""

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from accredit.access.models import Membership, Organization, Role, User


class MembershipRefused(ValueError):
    """A person cannot be added like that. The message says what would be right."""


def add_member(*, email: str, name: str, password: str, organization: str, role: str) -> Membership:
    """A new user who belongs to the organization with that code. Raises MembershipRefused for an e-mail that is none or
    already signs in, a weak password, an unknown organization or role."""
    found = Organization.objects.filter(code=organization).first()
    if found is None:
        codes = ", ".join(Organization.objects.order_by("code").values_list("code", flat=True)[:20])
        raise MembershipRefused(f"There is no organization {organization!r}; there are: {codes or 'none yet'}")
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
