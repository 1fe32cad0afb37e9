"""Keys by which people's own programs speak for them, made, told and ended."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256

from django.db import transaction
from django.db.models import Q

from accredit.access import audit
from accredit.access.models import ApiKey, ApiKeyScope, Membership, Organization, User
from accredit.access.permissions import Permission, granted

PREFIX = "ak_"
SECRET_BYTES = 32
SHOWN = 9
"""Characters of a key that pages show, so that people tell keys apart."""
LONGEST_NAME = 100
LONGEST = timedelta(days=366)
USE_KNOWN_TO = timedelta(minutes=1)
"""How exactly the last use is kept: a key that is used all the time is written once in this time."""
SCOPES = {ApiKeyScope.READ: frozenset[Permission](), ApiKeyScope.VALIDATE: frozenset({Permission.VALIDATE})}


class ApiKeyRefused(ValueError):
    """A key that cannot be made like that. `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def _hash(text: str) -> str:
    """A key is 256 random bits: nothing is gained by a salt or a slow hash."""
    return sha256(text.encode()).hexdigest()


def add_key(
    *, organization: Organization, user: User, name: str, scope: str, ends_at: datetime, now: datetime
) -> tuple[ApiKey, str]:
    """A new key of `user` in an organization of theirs, and its text, which is not to be had again. Raises
    ApiKeyRefused: `name` is missing or too long, `scope` is more than the user's role grants, `expiry` is not within
    the next 366 days."""
    if not name.strip() or len(name.strip()) > LONGEST_NAME:
        raise ApiKeyRefused("name")
    if scope not in SCOPES or not SCOPES[ApiKeyScope(scope)] <= _granted(user, organization):
        raise ApiKeyRefused("scope")
    if not now < ends_at <= now + LONGEST:
        raise ApiKeyRefused("expiry")
    text = PREFIX + secrets.token_urlsafe(SECRET_BYTES)
    with transaction.atomic():
        key = ApiKey.objects.create(
            organization=organization,
            user=user,
            name=name.strip(),
            beginning=text[:SHOWN],
            key_hash=_hash(text),
            scope=scope,
            created_at=now,
            expires_at=ends_at,
        )
        _record(key, user, "api_key_made", now, {"scope": scope, "expires_at": ends_at.isoformat()})
    return key, text


def keys_of(organization: Organization) -> Sequence[ApiKey]:
    """Every key of an organization, newest first."""
    return list(organization.api_keys.select_related("user").order_by("-id"))


def end_key(key: ApiKey, *, actor: User, now: datetime) -> bool:
    """Let a key end. False where it had ended already."""
    with transaction.atomic():
        if not ApiKey.objects.filter(pk=key.pk, ended_at=None, expires_at__gt=now).update(ended_at=now):
            return False
        _record(key, actor, "api_key_ended", now, {})
    return True


def key_of(text: str, now: datetime) -> ApiKey | None:
    """The key of this text, where it opens now: neither ended nor expired, and its maker still is a member who may sign
    in. What it may do is `permissions_of(key)`; which programs it sees, `programs.visibility.viewpoint_of_key`."""
    if not text.startswith(PREFIX):
        return None
    key = (
        ApiKey.objects.select_related("user", "organization")
        .filter(key_hash=_hash(text), ended_at=None, expires_at__gt=now, user__is_active=True)
        .first()
    )
    if key is None or not Membership.objects.filter(user=key.user, organization=key.organization).exists():
        return None
    unknown = Q(last_used_at=None) | Q(last_used_at__lt=now - USE_KNOWN_TO)
    ApiKey.objects.filter(unknown, pk=key.pk).update(last_used_at=now)
    return key


def permissions_of(key: ApiKey) -> frozenset[Permission]:
    """What a key may do: what it was made for, as far as its maker's role grants it today."""
    return SCOPES[ApiKeyScope(key.scope)] & _granted(key.user, key.organization)


def _granted(user: User, organization: Organization) -> frozenset[Permission]:
    return granted(
        Membership.objects.filter(user=user, organization=organization).values_list("organization__kind", "role")
    )


def _record(key: ApiKey, actor: User, action: str, now: datetime, detail: dict[str, str]) -> None:
    audit.record(actor=actor, action=action, organization=key.organization, subject=key.name, detail=detail, now=now)
