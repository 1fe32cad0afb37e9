"""Whether the shop itself sent a request: signed with a key of the program, moments ago, exactly as it came.

Signed is `{time}.{METHOD}.{path}?{query}.` and the body behind it, with HMAC-SHA-256 and the key's secret; `?` only
where there is a query. The path counts as text, before percent-encoding, and the query as it is sent.
"""

import hmac
import re
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Protocol
from uuid import UUID

from accredit.database.keys import KeyTextError, key_from_text, key_to_text
from accredit.tracker.answers import Refusal

HEADER = "accredit-signature"
KEY_PREFIX = "sk"
WINDOW_SECONDS = 300
"""How far the clocks of shop and tracker may differ."""

_HEADER_FORM = re.compile(
    r"\s*key=(?P<key>[^,\s]+)\s*,\s*time=(?P<time>[0-9]{1,12})\s*,\s*sha256=(?P<digest>[0-9a-fA-F]{64})\s*"
)
_QUERY_FORM = re.compile(
    r"(?P<signed>(?P<fields>.*)&key=(?P<key>[^&]+)&time=(?P<time>[0-9]{1,12}))&signature=(?P<digest>[0-9a-fA-F]{64})",
    re.DOTALL,
)


class Key(Protocol):
    """A key of a program."""

    @property
    def secret(self) -> bytes: ...
    @property
    def ends_at(self) -> datetime | None: ...


def signature(secret: bytes, time: int, method: str, address: str, body: bytes = b"") -> str:
    """The signature of a request, in hexadecimal. `address` is path and query."""
    return hmac.new(secret, f"{time}.{method}.{address}.".encode() + body, sha256).hexdigest()


def key_of_header(
    header: str, *, method: str, path: str, query: str, body: bytes, keys: Mapping[UUID, Key], now: datetime
) -> UUID:
    """The key by which the header's signature is right. Raises Refusal (401) where it is not."""
    match = _HEADER_FORM.fullmatch(header)
    if match is None:
        raise bad_signature("Accredit-Signature must look like: key=sk_…, time=1767225600, sha256=…"
                            " with 64 digits of hexadecimal.")  # fmt: skip
    address = f"{path}?{query}" if query else path
    return _check(match["key"], int(match["time"]), match["digest"], method, address, body, keys, now)


def named_in_header(header: str) -> UUID | None:
    """The key that the header names, rightly or not."""
    match = _HEADER_FORM.fullmatch(header)
    return _id(match["key"]) if match else None


def named_in_query(query: str) -> UUID | None:
    """The key that a query names, rightly or not."""
    match = _QUERY_FORM.fullmatch(query) if is_in_query(query) else None
    return _id(match["key"]) if match else None


def is_in_query(query: str) -> bool:
    """Whether the query says that it is signed."""
    return "&signature=" in query or query.startswith("signature=")


def without_signature(query: str) -> str:
    """The fields of a query that may be signed."""
    match = _QUERY_FORM.fullmatch(query)
    return match["fields"] if match else query


def key_of_query(*, path: str, query: str, keys: Mapping[UUID, Key], now: datetime) -> UUID:
    """The key by which the signature at the end of a query is right. Raises Refusal (401) where it is not."""
    match = _QUERY_FORM.fullmatch(query)
    if match is None:
        raise bad_signature(
            "A signed address ends with &key=sk_…&time=1767225600&signature= and 64 digits of hexadecimal."
        )
    return _check(match["key"], int(match["time"]), match["digest"], "GET", f"{path}?{match['signed']}", b"", keys, now)


def _check(
    key_text: str,
    time: int,
    digest: str,
    method: str,
    address: str,
    body: bytes,
    keys: Mapping[UUID, Key],
    now: datetime,
) -> UUID:
    id = _id(key_text)
    key = keys.get(id) if id else None
    if id is None or key is None:
        raise _refusal("unknown_key", "The program has no such key: `accredit key list PROGRAM` shows those it has.")
    if key.ends_at is not None and key.ends_at <= now:
        raise _refusal("key_ended", f"The key {key_to_text(KEY_PREFIX, id)} has ended: sign with another one.")
    if abs(now.timestamp() - time) > WINDOW_SECONDS:
        sentence = (
            f"The time is more than {WINDOW_SECONDS} seconds from the tracker's, {int(now.timestamp())}: sign anew."
        )
        raise _refusal("wrong_time", sentence)
    if not hmac.compare_digest(signature(key.secret, time, method, address, body), digest.lower()):
        sentence = "This is not what was signed: sign {time}.{METHOD}.{path and query}. and the body, as they are sent."
        raise _refusal("wrong_signature", sentence)
    return id


def _id(key_text: str) -> UUID | None:
    try:
        return key_from_text(KEY_PREFIX, key_text)
    except KeyTextError:
        return None


def bad_signature(sentence: str) -> Refusal:
    """What says that it is signed, and does not do so in the form in which that is done."""
    return _refusal("bad_signature", sentence)


def _refusal(reason: str, sentence: str) -> Refusal:
    return Refusal(401, reason, sentence)
