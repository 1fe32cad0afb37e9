"""A tracker in this very process, asked without a network: the same calls that the server makes, on PostgreSQL."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from accredit.programs.models import Program
from accredit.tracker.answers import Headers
from accredit.tracker.app import Tracker
from tests.factories import rsgi
from tests.factories.installing import install

READY_SECONDS = 300


@dataclass
class Answer:
    """What the tracker answered."""

    sent: bytes = b""
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for start in range(0, len(self.sent), 65_536):
            yield self.sent[start : start + 65_536]

    def response_empty(self, status: int, headers: Headers) -> None:
        self.response_bytes(status, headers, b"")

    def response_str(self, status: int, headers: Headers, body: str) -> None:
        self.response_bytes(status, headers, body.encode())

    def response_bytes(self, status: int, headers: Headers, body: bytes) -> None:
        assert self.status == 0, "answered twice"
        self.status, self.headers, self.body = status, dict(headers), body

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Client:
    """Asks a tracker that runs."""

    tracker: Tracker
    loop: asyncio.AbstractEventLoop

    def ask(self, method: str, address: str, body: bytes = b"", **headers: str) -> Answer:
        """The answer; headers are named with `_` for `-`."""
        return self.loop.run_until_complete(self.asked(method, address, body, **headers))

    async def asked(self, method: str, address: str, body: bytes = b"", **headers: str) -> Answer:
        parts = urlsplit(address)
        given = rsgi.Headers({name.replace("_", "-"): value for name, value in headers.items()})
        answer = Answer(body)
        scope = rsgi.Scope(method, unquote(parts.path, errors="replace"), parts.query, given)
        await self.tracker.__rsgi__(scope, answer)
        return answer

    def post(self, address: str, content: object, **headers: str) -> Answer:
        return self.ask("POST", address, json.dumps(content).encode(), **headers)

    def reread(self) -> None:
        """Have the tracker know the set-up as it is now."""
        self.loop.run_until_complete(self.tracker.setup.reread())


@pytest.fixture
def program(transactional_db: None) -> Program:
    return install()


@pytest.fixture
def client(program: Program, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    """A tracker that takes what comes, for the program `anvils`, without limits."""
    for limit in ("ADDRESS", "KEY"):
        monkeypatch.setenv(f"ACCREDIT_TRACKER_{limit}_LIMIT", "0")
    loop = asyncio.new_event_loop()
    tracker = Tracker()
    tracker.__rsgi_init__(loop)

    async def until_ready() -> None:
        async with asyncio.timeout(READY_SECONDS):
            while not tracker.ready:
                await asyncio.sleep(0.005)

    loop.run_until_complete(until_ready())
    try:
        yield Client(tracker, loop)
    finally:
        tracker.__rsgi_del__(loop)
        loop.run_until_complete(loop.shutdown_default_executor())  # nothing reads the tables while they are emptied
        loop.close()
