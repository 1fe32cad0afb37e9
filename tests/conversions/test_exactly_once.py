"""Whatever dies and whoever comes at the same time: nothing is lost and nothing is doubled."""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from subprocess import PIPE
from threading import Event

import pytest
from django.db import connection, transaction

from accredit.conversions.operations import Loaded
from accredit.programs.models import Program
from accredit.programs.operations import ChangesRefused, apply_program
from tests.conversions.test_loading import CLICKS, ITEMS, ORDERS, content
from tests.factories.installing import NOW, SHOP, clicks, install, items, load, orders, shop

pytestmark = pytest.mark.django_db(transaction=True)

FATAL_WRITES = [
    (1, "the first clicks appended, their ids not"),
    (4, "the second batch of clicks"),
    (5, "all clicks; what came in of the first orders, not committed"),
    (-3, "the first orders, committed"),
    (4, "the second orders with their items, not committed"),
]
"""Of three clicks or orders a batch; clicks are written twice, orders four times. What a process finds done it does not
write again. -3: after the commit of three orders."""


@contextmanager
def interrupted(folder: Path) -> Iterator[Callable[[int], int]]:
    """Within the block: load a folder in another process that dies at a write; that process's exit code."""
    script = Path(__file__).with_name("interrupted_load.py")
    arguments = [sys.executable, str(script), str(folder), "anvils", NOW.isoformat()]
    with subprocess.Popen(arguments, cwd=script.parents[2], stdin=PIPE, stdout=PIPE, text=True, bufsize=1) as process:
        assert process.stdin
        assert process.stdout
        stdin, stdout = process.stdin, process.stdout

        def at(fatal_write: int) -> int:
            stdin.write(f"{fatal_write}\n")
            return int(stdout.readline())

        yield at


def assert_whole(program: Program) -> None:
    """Every conversion has its decision, its event and its items; every click has its id."""
    found = content(program)
    tokens = [row[0] for row in found["conversions"]]
    assert [row[0] for row in found["decisions"]] == tokens
    assert [row[0] for row in found["events"]] == tokens
    assert [row[0] for row in found["items"]] == [token for token in ("2", "4", "4") if token in tokens]
    assert [row[0] for row in found["clicks"]] == [row[0] for row in found["foreign clicks"]]


def test_a_load_that_is_killed_anywhere_is_finished_by_the_next(tmp_path: Path) -> None:
    placed = orders(ORDERS)
    frames = clicks(CLICKS), placed, items(ITEMS, placed)
    for name, frame in zip(("clicks", "orders", "items"), frames, strict=True):
        frame.write_parquet(tmp_path / f"{name}.parquet")
    program, uninterrupted = install(), install(SHOP.replace('code = "anvils"', 'code = "hammers"'))
    load(uninterrupted, *frames)

    done = 0
    with interrupted(tmp_path) as load_until:
        for fatal_write, where in FATAL_WRITES:
            assert load_until(fatal_write) == -signal.SIGKILL, where
            assert_whole(program)
            before, done = done, sum(len(rows) for rows in content(program).values())
            assert done >= before
    assert len(content(program)["clicks"]) == 7
    assert len(content(program)["conversions"]) == 3

    loaded = load(program, *frames)
    assert (loaded.new_conversions, loaded.known_conversions, loaded.clicks.new) == (4, 3, 0)
    assert content(program) == content(uninterrupted)


def test_two_loads_at_the_same_time_record_each_order_once() -> None:
    program = install()
    placed = orders(ORDERS)

    def one() -> Loaded:
        try:
            return load(program, clicks(CLICKS), placed, items(ITEMS, placed), batch_orders=2)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as threads:
        loads = [future.result() for future in [threads.submit(one), threads.submit(one)]]
    assert sum(loaded.new_conversions for loaded in loads) == 7
    assert sum(loaded.known_conversions for loaded in loads) == 7
    assert sum(loaded.clicks.new for loaded in loads) == 7
    assert sum(loaded.clicks.known for loaded in loads) == 7
    assert_whole(program)
    assert len(content(program)["conversions"]) == 7


def test_a_set_up_is_not_changed_while_orders_are_credited_by_it() -> None:
    """`apply` waits for the batch that is being recorded, and then is refused what the batch used."""
    program = install()
    recorded, applied = Event(), Event()

    def crediting() -> None:
        try:
            with transaction.atomic():
                load(program, orders=orders(ORDERS))
                recorded.set()
                assert not applied.wait(0.5)
        finally:
            connection.close()

    def applying() -> None:
        try:
            recorded.wait(60)
            with pytest.raises(ChangesRefused):
                apply_program(shop(('policy = "always"', 'policy = "involved"')))
            applied.set()
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as threads:
        for future in [threads.submit(crediting), threads.submit(applying)]:
            future.result()
    assert applied.is_set()
