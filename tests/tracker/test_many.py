"""Many at once: two trackers on one database, and slow clients beside quick ones."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.db import connection

from accredit.programs.models import Program
from accredit.tracker.app import Tracker
from tests.tracker.conftest import READY_SECONDS, Client
from tests.tracker.test_service import FIREFOX, WAIT_SECONDS, _get, _wait_until_ready

ORDERS, CLICKS = 60, 150
SLOW = 8
STEP_SECONDS = 0.3


@contextmanager
def another(client: Client) -> Iterator[Client]:
    """One more tracker on the same database."""
    tracker = Tracker()
    tracker.__rsgi_init__(client.loop)

    async def until_ready() -> None:
        async with asyncio.timeout(READY_SECONDS):
            while not tracker.ready:
                await asyncio.sleep(0.005)

    client.loop.run_until_complete(until_ready())
    try:
        yield Client(tracker, client.loop)
    finally:
        tracker.__rsgi_del__(client.loop)


def test_two_trackers_take_the_same_orders_once_and_every_click(client: Client, program: Program) -> None:
    orders = [
        {"order_token": f"A-{n}", "turnover": "1.00", "occurred_at": "2026-03-01T12:00:00Z"} for n in range(ORDERS)
    ]
    halves = [orders[start : start + 7] for start in range(0, ORDERS, 7)]

    async def send_all(to: Client, backwards: bool) -> list[str]:
        lists = [half[::-1] for half in halves[::-1]] if backwards else halves
        bodies = [json.dumps(half).encode() for half in lists]
        answers = await asyncio.gather(*(to.asked("POST", "/t/anvils/sale", body) for body in bodies))
        assert {answer.status for answer in answers} == {200}
        return [f"{row['order_token']} {row['outcome']}" for answer in answers for row in answer.json["results"]]

    async def click_all(to: Client) -> list[str]:
        asked = (to.asked("GET", "/c/anvils:barb/banner", user_agent=FIREFOX) for _ in range(CLICKS))
        return [answer.headers["location"].partition("ref=")[2] for answer in await asyncio.gather(*asked)]

    async def all_at_once(second: Client) -> tuple[list[list[str]], list[list[str]]]:
        both = (client, second)
        sending = asyncio.gather(*(send_all(to, to is second) for to in both))
        return await asyncio.gather(*(click_all(to) for to in both)), await sending

    with another(client) as second:
        address, today = "203.0.113.7", datetime.now(UTC).date()
        hashes = [one.tracker.days.hash_of(address, today) for one in (client, second, client)]
        others = [
            client.tracker.days.hash_of("203.0.113.8", today),
            client.tracker.days.hash_of(address, today + timedelta(days=1)),
        ]
        assert len({*hashes}) == 1
        assert len({None, *hashes, *others}) == 4
        assert client.tracker.days.hash_of(address, today - timedelta(days=1)) is None
        clicked, sent = client.loop.run_until_complete(all_at_once(second))
    outcomes = Counter(said.split()[1] for part in sent for said in part)
    assert outcomes == {"recorded": ORDERS, "known": ORDERS}
    assert len({said for part in sent for said in part if said.endswith("recorded")}) == ORDERS
    with connection.cursor() as cursor:
        for table in ("order", "conversion_event", "pending"):
            cursor.execute(
                f"select count(*), count(distinct order_token) from tracking_{table} where program_id = %s",
                [program.id],
            )
            assert cursor.fetchone() == (ORDERS, ORDERS), table
        cursor.execute("select click_id from tracking_click where program_id = %s", [program.id])
        assert sorted(click for (click,) in cursor.fetchall()) == sorted([*clicked[0], *clicked[1]])


def test_slow_clients_are_ended_and_hold_nobody_up(program: Program) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    process = subprocess.Popen(
        [sys.executable, "-m", "accredit", "tracker", "--port", str(port)], stderr=subprocess.DEVNULL,
        env={**os.environ, "ACCREDIT_ENDS_WITH_PARENT": "1"},
    )  # fmt: skip
    try:
        _wait_until_ready(port)
        heads = [_begun(port, b"GET /c/anvils:barb/banner HTTP/1.1\r\nhost: shop\r\nx: ") for _ in range(SLOW)]
        posted = b"POST /t/anvils/sale HTTP/1.1\r\nhost: shop\r\ncontent-length: 1000\r\n\r\n{"
        bodies = [_begun(port, posted) for _ in range(SLOW)]
        assert {_get(port, "/c/anvils:barb/banner").status for _ in range(50)} == {302}
        for said in _trickle([*heads, *bodies])[SLOW:]:
            assert b" 408 " in said.partition(b"\r\n")[0]
        assert _get(port, "/readyz").status == 200
        [server] = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        os.kill(int(server), signal.SIGKILL)  # and what stands in front of it ends by itself, for who starts it again
        assert process.wait(WAIT_SECONDS) == 1
    finally:
        process.kill()
        process.wait(WAIT_SECONDS)


def _begun(port: int, request: bytes) -> socket.socket:
    begun = socket.create_connection(("127.0.0.1", port), timeout=WAIT_SECONDS)
    begun.sendall(request)
    return begun


def _trickle(clients: list[socket.socket]) -> list[bytes]:
    """Send a byte after the other until the other side has ended all of them; what it said to each."""
    said = [b"" for _ in clients]
    left = set(range(len(clients)))
    deadline = time.monotonic() + WAIT_SECONDS
    for one in clients:
        one.settimeout(0.001)
    while left:
        assert time.monotonic() < deadline, f"{len(left)} slow clients are not ended"
        for place in tuple(left):
            try:
                came = clients[place].recv(4096)
            except TimeoutError:
                came = None
                with suppress(ConnectionError):
                    clients[place].sendall(b"x")
            except ConnectionError:
                came = b""
            said[place] += came or b""
            if came == b"":
                left.remove(place)
                clients[place].close()
        time.sleep(STEP_SECONDS)
    return said
