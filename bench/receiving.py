"""Conversions that the tracker takes in a second, each on disk before it is answered, beside bare inserts of the same
rows into the log of events: a COPY and a commit for every thousand, and a commit for each over as many connections."""

import asyncio
import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import psycopg
import uvloop

from accredit.database.keys import uuid7
from accredit.tracker.orders import Order, check, read_body
from bench.installation import PROGRAM, installation, tracking
from bench.report import Report, timed

BATCH, CONNECTIONS = 1_000, 64
BATCH_SENDERS = 2
BATCHES, SINGLES = 40, 12_000
LARGE = 5
"""Times as many with --large."""
COLUMNS = "program_id, event_type, order_token, id, received_at, source, signed, outcome, digest, received"


def order(number: int) -> dict[str, object]:
    """An order as shops send them."""
    return {
        "order_token": f"A-{number}",
        "occurred_at": "2026-03-01T12:00:00Z",
        "turnover": f"{10 + number % 90}.50",
        "currency": "USD",
        "click_id": f"ck_{number:026d}",
        "visitor_id": f"vi_{number:026d}",
        "customer_status": "New" if number % 3 else "Existing",
        "country": "de",
        "items": [{"item_id": str(line), "quantity": 1, "turnover": "5.25", "sku": f"sku-{line}"} for line in range(2)],
    }


def request(content: object) -> bytes:
    """A POST of it over a connection that stays."""
    body = json.dumps(content).encode()
    return b"POST /t/anvils/sale HTTP/1.1\r\nhost: bench\r\ncontent-length: %d\r\n\r\n" % len(body) + body


async def send(port: int, requests: Sequence[bytes], wanted: bytes, connections: int) -> float:
    """Send all over so many connections; the slowest but one percent of answers in seconds."""
    waiting = iter(requests)
    seconds: list[float] = []

    async def one() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for content in waiting:
            began = time.perf_counter()
            writer.write(content)
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
            body = await reader.readexactly(length)
            assert head.startswith(b"HTTP/1.1 2"), head + body
            assert wanted in body, body[:500]
            seconds.append(time.perf_counter() - began)
        writer.close()

    await asyncio.gather(*(one() for _ in range(connections)))
    return sorted(seconds)[int(0.99 * (len(seconds) - 1))]


def bare_rows(count: int, program: UUID) -> list[tuple[object, ...]]:
    """The rows of the log of events that so many orders become."""
    now = datetime.now(UTC)
    rows: list[tuple[object, ...]] = []
    for number in range(count):
        taken = check(read_body(json.dumps(order(number)).encode()), event_type="sale", currency="USD")
        assert isinstance(taken, Order), taken
        row = (
            program,
            "sale",
            taken.order_token,
            uuid7(),
            now,
            "bare",
            False,
            "recorded",
            taken.digest,
            taken.received,
        )
        rows.append(row)
    return rows


async def insert_in_batches(url: str, rows: Sequence[tuple[object, ...]]) -> None:
    async def some(share: Sequence[tuple[object, ...]]) -> None:
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
            for start in range(0, len(share), BATCH):
                async with (
                    connection.cursor() as cursor,
                    cursor.copy(f"copy tracking_conversion_event ({COLUMNS}) from stdin".encode()) as copy,
                ):
                    for row in share[start : start + BATCH]:
                        await copy.write_row(row)

    half = len(rows) // 2
    await asyncio.gather(some(rows[:half]), some(rows[half:]))


async def insert_singly(url: str, rows: Sequence[tuple[object, ...]]) -> None:
    waiting = iter(rows)
    statement = f"insert into tracking_conversion_event ({COLUMNS}) values ({', '.join(['%s'] * 10)})".encode()

    async def one() -> None:
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
            for row in waiting:
                await connection.execute(statement, row)

    await asyncio.gather(*(one() for _ in range(CONNECTIONS)))


def measure(url: str, times: int) -> None:
    """Print the figures."""
    with psycopg.connect(url, autocommit=True) as connection:
        (program,) = connection.execute("select id from programs_program").fetchone() or (None,)
    batched, single = BATCHES * BATCH * times, SINGLES * times
    rows = bare_rows(max(batched, single), program)
    with tracking() as tracker:
        port = tracker.port
        batches = [request([order(n) for n in range(start, start + BATCH)]) for start in range(0, batched, BATCH)]
        singles = [request(order(batched + number)) for number in range(single)]
        with timed() as in_batches:
            uvloop.run(send(port, batches, b'"outcome":"recorded"', BATCH_SENDERS))
        with timed() as singly:
            slowest = uvloop.run(send(port, singles, b'"outcome":"recorded"', CONNECTIONS))
        with timed() as again:
            uvloop.run(send(port, batches[:10], b'"outcome":"known"', BATCH_SENDERS))
    with timed() as bare_batches:
        uvloop.run(insert_in_batches(url, rows[:batched]))
    fresh = [(*row[:3], uuid7(), *row[4:]) for row in rows[:single]]
    with timed() as bare_singles:
        uvloop.run(insert_singly(url, fresh))
    for name, count, took, bare in (
        (f"conversions taken, {batched:,} in lists of {BATCH:,}", batched, in_batches.seconds, bare_batches.seconds),
        (
            f"conversions taken, {single:,} singly, {CONNECTIONS} connections",
            single,
            singly.seconds,
            bare_singles.seconds,
        ),
    ):
        Report(name, count / took, count / bare, bare / took, unit="/s").show()
    Report("conversions taken singly: 99 % answered within", slowest).show()
    Report("conversions known already, in lists", 10 * BATCH / again.seconds, unit="/s").show()


def main(large: bool) -> None:
    """The figures, on an empty database with all its durability."""
    with installation() as installed:
        installed.apply(PROGRAM)
        measure(installed.url(), LARGE if large else 1)
