"""Group commit: rows that wait are written together, and whoever brought one is answered after the commit.

While one group is written the next one gathers: the busier, the larger the groups. Nothing waits for a group to fill.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from itertools import accumulate, takewhile
from time import perf_counter
from typing import Any, Generic, LiteralString, TypeVar

from psycopg import AsyncConnection, DataError, Error, IntegrityError

from accredit.tracker.logs import log
from accredit.tracker.metrics import GroupFigures

Row = TypeVar("Row")
Outcome = TypeVar("Outcome")
Write = Callable[[AsyncConnection, Sequence[Row]], Awaitable[Sequence[Outcome]]]
"""Writes all rows in one transaction and returns an outcome for each, in their order."""
Prepare = Callable[[AsyncConnection], Awaitable[None]]
"""Readies a new connection for the writes."""

CONNECT_SECONDS = 5
WRITE_SECONDS = 3
"""A database that takes longer counts as gone."""
SLOW_SECONDS = 1
"""Once a write takes longer, rows are taken by the other writers, or by none."""
END_SECONDS = 0.1
"""For a write to let go of its connection."""
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.05, 2.0


DURABLE: LiteralString = """
select case when current_setting('synchronous_commit') = 'off' then set_config('synchronous_commit', 'on', false) end,
    current_setting('fsync')
"""
"""An answer means that it is on disk, whatever is usual on the server; but a session cannot switch on its `fsync`."""


class Unavailable(Exception):
    """The row was not recorded, as far as can be known: come again."""


class Groups(Generic[Row, Outcome]):
    """Rows of one kind on their way into the database, over connections of their own."""

    def __init__(
        self,
        name: str,
        url: str,
        write: Write[Row, Outcome],
        prepare: Prepare | None = None,
        *,
        writers: int,
        max_waiting: int,
        max_rows: int,
        count: Callable[[Row], int] = lambda _row: 1,
    ) -> None:
        """`count`: how many rows of the database such a row is. At most `max_waiting` of these wait, and at most
        `max_rows` are written together, but for a row that is more by itself."""
        self.name, self.figures, self.max_waiting = name, GroupFigures(), max_waiting
        self._url, self._write, self._prepare = url, write, prepare
        self._writers, self._max_rows, self._count = writers, max_rows, count
        self._rows: list[Row] = []
        self._futures: list[asyncio.Future[Outcome]] = []
        self._waiting = 0
        self._wake = asyncio.Event()
        self._connected = 0
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def ready(self) -> bool:
        """Whether rows can be written at the moment."""
        return self._connected > 0

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Connect and write, from when the loop runs."""
        self._tasks = [loop.create_task(self._work()) for _ in range(self._writers)]

    async def stop(self) -> None:
        """Write what waits, then close the connections."""
        while self.ready and self._rows:
            await asyncio.sleep(0.01)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._fail_waiting()

    def add(self, row: Row) -> asyncio.Future[Outcome]:
        """What becomes of the row, once it is known: after the commit. Raises Unavailable at once where the database is
        away or too much waits already; the future raises it when the write fails."""
        waiting = self._waiting + self._count(row)
        if not self._connected or waiting > self.max_waiting:
            raise Unavailable
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        if not self._waiting:
            self._wake.set()
        self._waiting = waiting
        self._rows.append(row)
        self._futures.append(future)
        return future

    async def _work(self) -> None:
        """One writer: connected, or trying to be."""
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                async with asyncio.timeout(CONNECT_SECONDS):
                    connection = await AsyncConnection.connect(self._url, autocommit=True)
                try:
                    async with asyncio.timeout(CONNECT_SECONDS):
                        await self._make_durable(connection)
                        if self._prepare:
                            await self._prepare(connection)
                    pause = FIRST_PAUSE_SECONDS
                    await self._write_groups(connection)
                finally:
                    connection.pgconn.finish()
            except (Error, OSError, TimeoutError) as error:
                log("database away", of=self.name, error=type(error).__name__)
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    async def _make_durable(self, connection: AsyncConnection) -> None:
        settings = await (await connection.execute(DURABLE)).fetchone()
        if settings and settings[1] == "off":
            log("the server has fsync off: what is answered can be lost with its machine", of=self.name)

    async def _write_groups(self, connection: AsyncConnection) -> None:
        """Write groups until the connection is lost, which raises."""
        log("database there", of=self.name)
        self._connected += 1
        try:
            while True:
                while not self._rows:
                    self._wake.clear()
                    await self._wake.wait()
                await self._write_group(connection, *self._next_group())
        finally:
            self._connected -= 1
            if not self._connected:
                self._fail_waiting()

    def _next_group(self) -> tuple[Sequence[Row], Sequence[asyncio.Future[Outcome]]]:
        """All that waits, or as much of it as goes into one group."""
        rows, futures, left = self._rows, self._futures, 0
        if self._waiting > self._max_rows:
            sizes = accumulate(map(self._count, rows))
            taken = max(1, sum(1 for _ in takewhile(lambda size: size <= self._max_rows, sizes)))
            left = sum(map(self._count, rows[taken:]))
        else:
            taken = len(rows)
        self._rows, self._futures, self._waiting = rows[taken:], futures[taken:], left
        return rows[:taken], futures[:taken]

    async def _write_group(
        self, connection: AsyncConnection, rows: Sequence[Row], futures: Sequence[asyncio.Future[Outcome]]
    ) -> None:
        began = perf_counter()
        try:
            outcomes = await self._within_time(connection, rows)
        except (DataError, IntegrityError) as error:
            if len(rows) == 1:
                log("row refused", of=self.name, error=str(error.sqlstate))
                _fail(futures, error)
            for row, future in zip(rows, futures, strict=True) if len(rows) > 1 else ():
                await self._write_group(connection, [row], [future])
            return
        except BaseException as error:
            _fail(futures, Unavailable())
            if isinstance(error, Error) and not connection.closed:
                log("write failed", of=self.name, error=str(error.sqlstate))
            raise
        seconds, size = perf_counter() - began, sum(map(self._count, rows))
        self.figures.add(size, seconds)
        if seconds > SLOW_SECONDS:
            log("slow commit", of=self.name, rows=size, seconds=round(seconds, 3))
        for future, outcome in zip(futures, outcomes, strict=True):
            if not future.done():
                future.set_result(outcome)

    async def _within_time(self, connection: AsyncConnection, rows: Sequence[Row]) -> Sequence[Outcome]:
        """The outcomes. Raises TimeoutError after WRITE_SECONDS, and never waits for psycopg to cancel the write: a
        database that hangs does not answer that either."""
        write = asyncio.ensure_future(self._write(connection, rows))
        try:
            await asyncio.wait([write], timeout=SLOW_SECONDS)
            if not write.done():
                self._connected -= 1
                try:
                    await asyncio.wait([write], timeout=WRITE_SECONDS - SLOW_SECONDS)
                finally:
                    self._connected += 1
            if write.done():
                return write.result()
            raise TimeoutError
        finally:
            if not write.done():
                await _end(write)

    def _fail_waiting(self) -> None:
        futures, self._rows, self._futures, self._waiting = self._futures, [], [], 0
        _fail(futures, Unavailable())


async def _end(write: asyncio.Future[Any]) -> None:
    """Have a write let go of its connection: cancelled once psycopg asks the server to cancel too, cancelled twice it
    waits no longer."""
    for _ in range(2):
        write.cancel()
        await asyncio.wait([write], timeout=END_SECONDS)
    write.add_done_callback(lambda ended: ended.cancelled() or ended.exception())


def _fail(futures: Sequence[asyncio.Future[Outcome]], error: Exception) -> None:
    for future in futures:
        if not future.done():
            future.set_exception(error)
