"""What a click costs the tracker's Python, without server and database: the handler alone, with a link and headers as
browsers send them."""

import asyncio
import os
import tempfile
from statistics import median
from time import process_time
from typing import Any
from uuid import UUID

from bench.installation import UNLIMITED
from bench.report import Report
from tests.factories.rsgi import Headers, Scope

CLICKS, LARGE, ROUNDS = 50_000, 500_000, 5
LIMIT_US = 30
HEADERS = {
    "host": "track.anvils.example",
    "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "accept-language": "de,en-US;q=0.7,en;q=0.3",
    "accept-encoding": "gzip, deflate, br, zstd",
    "referer": "https://blog.example/",
    "sec-fetch-dest": "document",
    "sec-fetch-mode": "navigate",
    "sec-fetch-site": "cross-site",
}


class Reply:
    """Where the answer goes: nowhere."""

    async def __aiter__(self) -> Any:
        yield b""

    def response_empty(self, status: int, _headers: object) -> None:
        assert status == 302

    response_str = response_bytes = lambda *_arguments: None


class Written:
    """In place of the groups: everything is on disk at once."""

    def add(self, _row: str) -> asyncio.Future[None]:
        written = asyncio.get_running_loop().create_future()
        written.set_result(None)
        return written


def main(large: bool) -> None:
    """The cost of a click in microseconds."""
    with tempfile.TemporaryDirectory() as state:
        os.environ.update(ACCREDIT_STATE_DIR=state, **UNLIMITED)
        from accredit.tracker.app import Tracker
        from accredit.tracker.destinations import Destination
        from accredit.tracker.moments import moment
        from accredit.tracker.setup import Program

        page = Destination.of("https://anvils.example/sale", "ref")
        program = Program(
            id=UUID(int=1), id_text=str(UUID(int=1)), code="anvils", currency="USD", hold_unsigned=False,
            allowed_hosts=frozenset({"anvils.example"}), click_parameter="ref", fallback=page,
            event_types=frozenset({"sale"}), channels=frozenset(), partners={"barb": ((0, float("inf")),)},
            ads={"banner": page}, keys={},
        )  # fmt: skip
        tracker = Tracker()
        tracker.setup._programs = {"anvils": program}
        tracker.days._keys = {moment().millisecond.day: bytes(32)}
        tracker.clicks = Written()  # type: ignore[assignment]

    async def round_of(clicks: int) -> float:
        scope, reply = Scope("GET", "/c/anvils:barb/banner", "s1=mail&s2=42", Headers(HEADERS)), Reply()
        began = process_time()
        for _ in range(clicks):
            await tracker.__rsgi__(scope, reply)
        return (process_time() - began) / clicks * 1e6

    clicks = LARGE if large else CLICKS
    cost = median(asyncio.run(round_of(clicks)) for _ in range(ROUNDS))
    Report("a click in the tracker's Python alone", cost, LIMIT_US, cost / LIMIT_US, "<= 1", unit="us").show()
