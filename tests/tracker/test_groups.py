"""Rows that wait are written together, and each of them is answered once, whatever happens to the database."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any

import psycopg
import pytest
from psycopg import AsyncConnection

from accredit.tracker import groups as groups_module
from accredit.tracker.groups import Groups, Unavailable

READY_SECONDS = 300
Write = Callable[[AsyncConnection, Sequence[int]], Awaitable[Sequence[int]]]


async def double(connection: AsyncConnection, rows: Sequence[int]) -> Sequence[int]:
    """Twice each row, as the database works it out; 13 is refused, and breaks the whole statement."""
    cursor = await connection.execute("select 2 * n + 0 / (n - 13) from unnest(%s) n", [list(rows)])
    return [row[0] for row in await cursor.fetchall()]


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


def groups_of(
    write: Write, *, url: str | None = None, max_waiting: int = 1000, max_rows: int = 100
) -> Groups[int, int]:
    return Groups("rows", url or os.environ["ACCREDIT_DATABASE_URL"], write, writers=1, max_waiting=max_waiting,
                  max_rows=max_rows)  # fmt: skip


async def added(groups: Groups[int, int], n: int) -> int:
    return await groups.add(n)


async def until(reached: Callable[[], bool]) -> None:
    async with asyncio.timeout(READY_SECONDS):
        while not reached():
            await asyncio.sleep(0.002)


def run(loop: asyncio.AbstractEventLoop, groups: Groups[int, int], work: Callable[[], Awaitable[Any]]) -> Any:
    """Work with groups that are connected, and stop them."""

    async def all_of_it() -> Any:
        await until(lambda: groups.ready)
        return await work()

    groups.start(loop)
    try:
        return loop.run_until_complete(all_of_it())
    finally:
        loop.run_until_complete(groups.stop())


@pytest.mark.django_db(transaction=True)
def test_what_waits_is_written_together_and_each_gets_its_own_answer(loop: asyncio.AbstractEventLoop) -> None:
    sizes = []

    async def write(connection: AsyncConnection, rows: Sequence[int]) -> Sequence[int]:
        sizes.append(len(rows))
        return [2 * row for row in rows]

    groups = groups_of(write, max_rows=100)
    answers = run(loop, groups, lambda: asyncio.gather(*(added(groups, n) for n in range(250))))
    assert answers == [2 * n for n in range(250)]
    assert sizes == [100, 100, 50]
    assert groups.figures.rows.sum == 250


@pytest.mark.django_db(transaction=True)
def test_an_answer_means_on_disk_whatever_is_usual_on_the_server(loop: asyncio.AbstractEventLoop) -> None:
    async def write(connection: AsyncConnection, rows: Sequence[int]) -> Sequence[int]:
        cursor = await connection.execute("select (current_setting('synchronous_commit') = 'on')::integer")
        return [row[0] for row in await cursor.fetchall()]

    with psycopg.connect(os.environ["ACCREDIT_DATABASE_URL"]) as connection:
        usual = connection.execute("show synchronous_commit").fetchone()
    assert usual == ("off",), "the tests' server is quick, else this shows nothing"
    groups = groups_of(write)
    assert run(loop, groups, lambda: added(groups, 1)) == 1


@pytest.mark.django_db(transaction=True)
def test_a_row_that_the_database_refuses_fails_alone(loop: asyncio.AbstractEventLoop) -> None:
    groups = groups_of(double)
    answers = run(loop, groups, lambda: asyncio.gather(*(added(groups, n) for n in (1, 13, 2)), return_exceptions=True))
    assert (answers[0], answers[2]) == (2, 4)
    assert type(answers[1]).__name__ == "DivisionByZero"


@pytest.mark.django_db(transaction=True)
def test_the_queue_is_bounded(loop: asyncio.AbstractEventLoop) -> None:
    writes, may_go = asyncio.Event(), asyncio.Event()

    async def write(connection: AsyncConnection, rows: Sequence[int]) -> Sequence[int]:
        writes.set()
        await may_go.wait()
        return rows

    async def work() -> Sequence[int | BaseException]:
        first = asyncio.ensure_future(added(groups, 0))
        await writes.wait()
        others = [asyncio.ensure_future(added(groups, n)) for n in (1, 2, 3)]
        await until(lambda: others[2].done())
        may_go.set()
        return await asyncio.gather(first, *others, return_exceptions=True)

    groups = groups_of(write, max_waiting=2)
    answers = run(loop, groups, work)
    assert (answers[:3], type(answers[3])) == ([0, 1, 2], Unavailable)


@pytest.mark.django_db(transaction=True)
def test_a_lost_connection_fails_what_is_written_and_comes_back_by_itself(loop: asyncio.AbstractEventLoop) -> None:
    lost = False

    async def write(connection: AsyncConnection, rows: Sequence[int]) -> Sequence[int]:
        nonlocal lost
        if not lost:
            lost = True
            await connection.execute("select pg_terminate_backend(pg_backend_pid())")
        return rows

    async def work() -> Sequence[Any]:
        written = await asyncio.gather(groups.add(1), groups.add(2), return_exceptions=True)
        with pytest.raises(Unavailable):  # at once, while nothing is connected
            await groups.add(3)
        await until(lambda: groups.ready)
        return [*written, await groups.add(4)]

    groups = groups_of(write)
    first, second, last = run(loop, groups, work)
    assert (type(first), type(second), last) == (Unavailable, Unavailable, 4)


@pytest.mark.django_db(transaction=True)
def test_a_database_that_hangs_counts_as_gone(loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups_module, "SLOW_SECONDS", 0.05)
    monkeypatch.setattr(groups_module, "WRITE_SECONDS", 0.2)
    monkeypatch.setattr(groups_module, "END_SECONDS", 0.01)
    hangs = asyncio.Event()

    async def write(connection: AsyncConnection, rows: Sequence[int]) -> Sequence[int]:
        if not hangs.is_set():
            hangs.set()
            with pytest.raises(asyncio.CancelledError):
                await asyncio.Event().wait()
            await asyncio.sleep(READY_SECONDS)  # as psycopg does, while it asks the server to cancel
        return rows

    async def work() -> Sequence[Any]:
        first = asyncio.ensure_future(added(groups, 1))
        await hangs.wait()
        await until(lambda: not groups.ready)
        assert not first.done()
        with pytest.raises(Unavailable):  # at once, while the first one is waited for
            await groups.add(2)
        with pytest.raises(Unavailable):
            await first
        await until(lambda: groups.ready)
        return [await groups.add(3)]

    groups = groups_of(write)
    began = loop.time()
    assert run(loop, groups, work) == [3]
    assert loop.time() - began < READY_SECONDS


def test_without_a_database_it_is_said_at_once(loop: asyncio.AbstractEventLoop) -> None:
    groups = groups_of(double, url="postgresql://nobody@/none?host=/nowhere")
    groups.start(loop)
    with pytest.raises(Unavailable):
        loop.run_until_complete(added(groups, 1))
    loop.run_until_complete(groups.stop())
