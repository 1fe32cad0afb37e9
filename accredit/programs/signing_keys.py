"""The keys by which the shop of a program signs what it sends."""

import secrets
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from accredit.database.keys import KeyTextError, key_from_text, key_to_text
from accredit.programs.models import SigningKey
from accredit.programs.queries import program_by_code
from accredit.sealing import seal

PREFIX = "sk"
SECRET_BYTES = 32


class KeyRefused(ValueError):
    """A key that is not there, or that cannot be ended as wanted. The message says which there are, or why."""


def key_text(key: SigningKey) -> str:
    """How the outside names the key: `sk_…`."""
    return key_to_text(PREFIX, key.id)


def add_key(program: str, *, now: datetime, secret_key: str) -> tuple[SigningKey, str]:
    """A new key of the program of this code, and its secret, which is not to be had again. `secret_key` is the
    installation's, with which the secret is sealed. Raises UnknownProgram."""
    secret = secrets.token_urlsafe(SECRET_BYTES)
    key = SigningKey.objects.create(
        program=program_by_code(program), sealed_secret=seal(secret, secret_key), created_at=now
    )
    return key, secret


def keys_of(program: str) -> Sequence[SigningKey]:
    """All keys of the program of this code, those that have ended too, in the order in which they were made. Raises
    UnknownProgram."""
    return list(SigningKey.objects.filter(program=program_by_code(program)).order_by("id"))


def end_key(text: str, *, at: datetime, now: datetime) -> SigningKey:
    """Let the key `sk_…` end at an instant: now, or later. Raises KeyRefused where there is none, where it has ended
    already, and where `at` has passed."""
    try:
        id: UUID | None = key_from_text(PREFIX, text)
    except KeyTextError:
        id = None
    key = SigningKey.objects.filter(id=id).first() if id else None
    if key is None:
        raise KeyRefused(f"There is no key {text[:60]!r}: `accredit key list PROGRAM` shows those of a program.")
    if key.ends_at is not None and key.ends_at <= now:
        raise KeyRefused(f"The key {text} has ended already, at {key.ends_at:%Y-%m-%dT%H:%M:%SZ}.")
    if at < now:
        raise KeyRefused("A key ends now or later: what it has signed until now stays signed.")
    key.ends_at = at
    key.save(update_fields=["ends_at"])
    return key
