"""Group commit: rows that wait are written together, and whoever brought one is answered after the commit.

While one group is written the next one gathers: the busier, the larger the groups. Nothing waits for a group to fill.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from time import perf_counter
from typing import Any, Generic, TypeVar

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
        count: Callable[[Sequence[Row]], int] = len,
    ) -> None:
        """`count`: how many rows of the database such rows are."""
        self.name, self.figures = name, GroupFigures()
        self._url, self._write, self._prepare = url, write, prepare
        self._writers, self._max_waiting, self._max_rows, self._count = writers, max_waiting, max_rows, count
        self._waiting: list[tuple[Row, asyncio.Future[Outcome]]] = []
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
        while self.ready and self._waiting:
            await asyncio.sleep(0.01)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._fail_waiting()

    async def add(self, row: Row) -> Outcome:
        """What became of the row, after the commit. Raises Unavailable: at once where the database is away or too
        much waits already, or when the write fails."""
        waiting = self._waiting
        if not self._connected or len(waiting) >= self._max_waiting:
            raise Unavailable
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        waiting.append((row, future))
        if len(waiting) == 1:
            self._wake.set()
        return await future

    async def _work(self) -> None:
        """One writer: connected, or trying to be."""
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                async with asyncio.timeout(CONNECT_SECONDS):
                    connection = await AsyncConnection.connect(self._url, autocommit=True)
                try:
                    if self._prepare:
                        async with asyncio.timeout(CONNECT_SECONDS):
                            await self._prepare(connection)
                    pause = FIRST_PAUSE_SECONDS
                    await self._write_groups(connection)
                finally:
                    connection.pgconn.finish()
            except (Error, OSError, TimeoutError) as error:
                log("database away", of=self.name, error=type(error).__name__)
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    async def _write_groups(self, connection: AsyncConnection) -> None:
        """Write groups until the connection is lost, which raises."""
        log("database there", of=self.name)
        self._connected += 1
        try:
            while True:
                while not self._waiting:
                    self._wake.clear()
                    await self._wake.wait()
                group, self._waiting = self._waiting[: self._max_rows], self._waiting[self._max_rows :]
                await self._write_group(connection, group)
        finally:
            self._connected -= 1
            if not self._connected:
                self._fail_waiting()

    async def _write_group(
        self, connection: AsyncConnection, group: Sequence[tuple[Row, asyncio.Future[Outcome]]]
    ) -> None:
        rows, began = [row for row, _ in group], perf_counter()
        try:
            outcomes = await self._within_time(connection, rows)
        except (DataError, IntegrityError) as error:
            if len(group) == 1:
                log("row refused", of=self.name, error=str(error.sqlstate))
                _fail(group, error)
            for one in group if len(group) > 1 else ():
                await self._write_group(connection, [one])
            return
        except BaseException as error:
            _fail(group, Unavailable())
            if isinstance(error, Error) and not connection.closed:
                log("write failed", of=self.name, error=str(error.sqlstate))
            raise
        seconds = perf_counter() - began
        self.figures.add(self._count(rows), seconds)
        if seconds > SLOW_SECONDS:
            log("slow commit", of=self.name, rows=self._count(rows), seconds=round(seconds, 3))
        for (_, future), outcome in zip(group, outcomes, strict=True):
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
        waiting, self._waiting = self._waiting, []
        _fail(waiting, Unavailable())


async def _end(write: asyncio.Future[Any]) -> None:
    """Have a write let go of its connection: cancelled once psycopg asks the server to cancel too, cancelled twice it
    waits no longer."""
    for _ in range(2):
        write.cancel()
        await asyncio.wait([write], timeout=END_SECONDS)
    write.add_done_callback(lambda ended: ended.cancelled() or ended.exception())


def _fail(group: Sequence[tuple[Row, asyncio.Future[Outcome]]], error: Exception) -> None:
    for _, future in group:
        if not future.done():
            future.set_exception(error)
