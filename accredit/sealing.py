"""Secrets at rest: sealed with the installation's own key, so that a copy of the database alone opens none of them."""

from base64 import urlsafe_b64encode
from functools import lru_cache
from hashlib import sha256

from cryptography.fernet import Fernet, InvalidToken


class SealBroken(ValueError):
    """A sealed text that this installation's key does not open: it was sealed with another ACCREDIT_SECRET_KEY."""


def seal(text: str, secret_key: str) -> str:
    """`text`, readable only with `secret_key`."""
    return _box(secret_key).encrypt(text.encode()).decode("ascii")


def unseal(sealed: str, secret_key: str) -> str:
    """What was sealed. Raises SealBroken."""
    try:
        return _box(secret_key).decrypt(sealed).decode()
    except InvalidToken as error:
        raise SealBroken("sealed with another ACCREDIT_SECRET_KEY") from error


@lru_cache(maxsize=8)
def _box(secret_key: str) -> Fernet:
    return Fernet(urlsafe_b64encode(sha256(b"accredit.sealing" + secret_key.encode()).digest()))
