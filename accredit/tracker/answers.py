"""How the tracker answers, and how it reads what it is sent."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any, Protocol

from accredit.tracker.limits import Share

Headers = list[tuple[str, str]]

BODY_SECONDS = 10
"""A body that takes longer to come is refused: slow clients hold no room."""
RETRY_SECONDS = "2"
TEXT: Headers = [("content-type", "text/plain; charset=utf-8"), ("x-content-type-options", "nosniff")]
JSON: Headers = [("content-type", "application/json"), ("x-content-type-options", "nosniff")]
NOT_STORED: Headers = [("cache-control", "no-store")]


class RequestHeaders(Protocol):
    """The headers of a request, by names in lower case, as RSGI has them."""

    def get(self, key: str, default: Any = None) -> Any: ...
    def get_all(self, key: str) -> list[str]: ...
    def __contains__(self, key: str) -> bool: ...
    def __iter__(self) -> Iterator[str]: ...


class Scope(Protocol):
    """A request, as RSGI has it: `path` is decoded, `query_string` is as it came; `client` is address and port."""

    proto: str
    client: str
    scheme: str
    method: str
    path: str
    query_string: str

    @property
    def headers(self) -> RequestHeaders: ...


class Reply(Protocol):
    """Where the answer goes and the body comes from, as RSGI has it."""

    def __aiter__(self) -> AsyncIterator[bytes]: ...
    def response_empty(self, status: int, headers: Headers) -> None: ...
    def response_str(self, status: int, headers: Headers, body: str) -> None: ...
    def response_bytes(self, status: int, headers: Headers, body: bytes) -> None: ...


class Refusal(Exception):
    """A request that is not taken. `reason` is one word for the metrics, `sentence` says what to do."""

    def __init__(self, status: int, reason: str, sentence: str, headers: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__(sentence)
        self.status, self.reason, self.sentence, self.headers = status, reason, sentence, headers


def unavailable() -> Refusal:
    """What is answered while nothing can be written."""
    return Refusal(503, "unavailable", "Nothing can be recorded at the moment. Come again.",
                   [("retry-after", RETRY_SECONDS)])  # fmt: skip


def too_many() -> Refusal:
    """What is answered to somebody who asks too often."""
    return Refusal(429, "too_many", "Too many requests. Come again later.", [("retry-after", RETRY_SECONDS)])


def refuse(protocol: Reply, refusal: Refusal) -> None:
    """Answer with the sentence of a refusal."""
    protocol.response_str(refusal.status, [*TEXT, *NOT_STORED, *refusal.headers], refusal.sentence + "\n")


def answer_json(protocol: Reply, status: int, value: object, headers: Sequence[tuple[str, str]] = ()) -> None:
    """Answer with a value as JSON."""
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    protocol.response_str(status, [*JSON, *NOT_STORED, *headers], body)


async def read_body(scope: Scope, protocol: Reply, limit: int, share: Share) -> bytes:
    """The body, of at most `limit` bytes, for which the share takes room. Raises Refusal: 413 where it is larger, 408
    where it comes too slowly, 503 where there is no room."""
    too_large = Refusal(413, "too_large", f"The body is larger than {limit} bytes.", [("connection", "close")])
    length = scope.headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > limit:
        raise too_large
    blocks, size = [], 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for block in protocol:
                size += len(block)
                if size > limit:
                    raise too_large
                if not share.takes(len(block)):
                    raise unavailable()
                blocks.append(block)
    except TimeoutError:
        sentence = f"The body did not come within {BODY_SECONDS} seconds."
        raise Refusal(408, "too_slow", sentence, [("connection", "close")]) from None
    return b"".join(blocks)
