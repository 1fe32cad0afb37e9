"""Members of organizations and invitations to them. Whether the actor may do it is asked before, of
`accredit.programs.people`."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from hashlib import sha256

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.db.models import Q

from accredit.access import audit
from accredit.access.models import Invitation, Language, Membership, Organization, Role, User

OPEN_FOR = timedelta(days=14)
TOKEN_BYTES = 32
OPEN = Q(accepted_at=None, withdrawn_at=None)


class PeopleRefused(ValueError):
    """Something about people that cannot be done. `code` says why; a page and a command have words for it."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def change_role(membership: Membership, role: str, *, actor: User, now: datetime) -> None:
    """Give a member another role. Raises PeopleRefused: `role` is none, `gone`, or `last_owner`, who stays one."""
    if role not in Role.values:
        raise PeopleRefused("role")
    with _keeping_an_owner(), transaction.atomic():
        before = _locked(membership)
        if before.role == role:
            return
        Membership.objects.filter(pk=before.pk).update(role=role)
        detail = {"before": before.role, "after": role}
        _record(before.organization, actor, "role_changed", before.user.name, now, detail)


def end_membership(membership: Membership, *, actor: User, now: datetime) -> None:
    """Let a member go; may be oneself. Raises PeopleRefused: `gone`, or `last_owner`, who stays."""
    with _keeping_an_owner(), transaction.atomic():
        before = _locked(membership)
        before.delete()
        _record(before.organization, actor, "member_ended", before.user.name, now, {"role": before.role})


@contextmanager
def _keeping_an_owner() -> Iterator[None]:
    """Tells what the database refuses (`access.0003`): an organization without an owner."""
    try:
        yield
    except IntegrityError as error:
        said = getattr(error.__cause__, "diag", None)
        if said is not None and said.constraint_name == "last_owner":
            raise PeopleRefused("last_owner") from error
        raise


def _locked(membership: Membership) -> Membership:
    found = Membership.objects.select_for_update(of=("self",)).select_related("user", "organization")
    try:
        return found.get(pk=membership.pk)
    except Membership.DoesNotExist:
        raise PeopleRefused("gone") from None


def invite(
    *,
    organization: Organization,
    email: str,
    role: str,
    language: str,
    actor: User | None,
    now: datetime,
    keeps_role: bool = False,
) -> tuple[Invitation, str]:
    """An invitation and the token of its link, which is not to be had again. One that is open for that e-mail gets a
    new link, role and time, and its former link no longer opens. Raises PeopleRefused: `role` or `email` is none, a
    `member` has it, or, where it `keeps_role`, it is `invited` with another one."""
    email = email.strip().lower()
    if role not in Role.values:
        raise PeopleRefused("role")
    try:
        validate_email(email)
    except ValidationError:
        raise PeopleRefused("email") from None
    if Membership.objects.filter(organization=organization, user__email=email).exists():
        raise PeopleRefused("member")
    token = secrets.token_urlsafe(TOKEN_BYTES)
    values = {
        "role": role,
        "language": language if language in Language.values else Language.ENGLISH,
        "invited_by": actor,
        "token_hash": _hash(token),
        "created_at": now,
        "expires_at": now + OPEN_FOR,
    }
    with transaction.atomic():
        # Two at once for one e-mail: the second waits here and gives the first one's invitation a new link.
        Organization.objects.select_for_update(no_key=True).get(pk=organization.pk)
        waiting = organization.invitations.filter(OPEN, email=email, expires_at__gt=now)
        if keeps_role and waiting.exclude(role=role).exists():
            raise PeopleRefused("invited")
        invitation, made = Invitation.objects.update_or_create(
            organization=organization, email=email, accepted_at=None, withdrawn_at=None, defaults=values
        )
        action = "invited" if made else "invited_again"
        _record(organization, actor, action, organization.name, now, {"role": role})
    return invitation, token


def withdraw(invitation: Invitation, *, actor: User, now: datetime) -> bool:
    """Let an invitation end before it is accepted. False where it had ended already."""
    with transaction.atomic():
        if not Invitation.objects.filter(OPEN, pk=invitation.pk).update(withdrawn_at=now):
            return False
        organization = invitation.organization
        _record(organization, actor, "invitation_withdrawn", organization.name, now, {"role": invitation.role})
    return True


def invitation_of(token: str, now: datetime) -> Invitation | None:
    """The invitation that this link opens now."""
    found = Invitation.objects.select_related("organization", "invited_by")
    return found.filter(OPEN, token_hash=_hash(token), expires_at__gt=now).first()


def join(token: str, user: User, *, now: datetime) -> Membership:
    """Accept an invitation as a user who is here already. Raises PeopleRefused: it is `gone`, or for
    `another` e-mail."""
    with transaction.atomic():
        invitation = _taken(token, now)
        if invitation.email != user.email:
            raise PeopleRefused("another")
        return _accept(invitation, user, now)


def join_as_new(token: str, *, name: str, language: str, password: str, now: datetime) -> User:
    """Accept an invitation as somebody who signs in from now on. Raises PeopleRefused: it is `gone`, the `name` is
    missing, the e-mail is `known` (sign in first); ValidationError for a weak password."""
    try:
        with transaction.atomic():
            invitation = _taken(token, now)
            if not name.strip():
                raise PeopleRefused("name")
            if User.objects.filter(email=invitation.email).exists():
                raise PeopleRefused("known")
            user = User(email=invitation.email, name=name.strip(), language=language)
            validate_password(password, user)
            user.set_password(password)
            user.save()
            _accept(invitation, user, now)
            return user
    except IntegrityError:  # by another invitation, this moment
        raise PeopleRefused("known") from None


def _taken(token: str, now: datetime) -> Invitation:
    found = Invitation.objects.select_for_update(of=("self",)).select_related("organization")
    invitation = found.filter(OPEN, token_hash=_hash(token), expires_at__gt=now).first()
    if invitation is None:
        raise PeopleRefused("gone")
    return invitation


def _accept(invitation: Invitation, user: User, now: datetime) -> Membership:
    membership, _made = Membership.objects.get_or_create(
        user=user, organization=invitation.organization, defaults={"role": invitation.role}
    )
    invitation.accepted_at = now
    invitation.save(update_fields=["accepted_at"])
    _record(invitation.organization, user, "joined", user.name, now, {"role": membership.role})
    return membership


def _hash(token: str) -> str:
    return sha256(token.encode()).hexdigest()


def _record(
    organization: Organization, actor: User | None, action: str, subject: str, now: datetime, detail: dict[str, str]
) -> None:
    audit.record(actor=actor, action=action, organization=organization, subject=subject, detail=detail, now=now)
