"""Whatever dies and whoever comes at the same time: each request is raised, decided and processed once."""

import asyncio
import json
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import PIPE
from threading import Event, Thread

import pytest
from django.db import connection, transaction

from accredit.conversion_requests.deciding import impact
from accredit.conversion_requests.models import Request, StageChange
from accredit.conversion_requests.moving import Moved
from accredit.conversion_requests.raising import Raised, withdraw
from accredit.conversion_requests.tasks import process, process_accepted
from accredit.conversions.checking import check_ledger
from accredit.conversions.history import Actor
from accredit.conversions.models import Change, Conversion, Decision, Way
from accredit.programs.models import Program
from accredit.programs.operations import lock_program
from accredit.worker import running
from tests.conversions.test_validating import CLICKS, ORDERS
from tests.factories.installing import clicks, install, items, load, orders
from tests.factories.requesting import accepted, decided, processed, raised, somebody, stages, view_of
from tests.factories.sessions import together
from tests.factories.validating import LATER, approve

pytestmark = pytest.mark.django_db(transaction=True)
NEW = "kind | partner | order | at | turnover"
ASKED = f"""{NEW} | status
    create | barb | 10 | T | 10.00 | approved
    create | barb | 11 | T | 11.00 | approved
    create | barb | 12 | T | 12.00 | -
    change | barb | 1  | - | 80.00 | -
    create | barb | 3  | T | 80.00 | -
    change | barb | 6  | - | 5.00  | approved
    create | ann  | 4  | T | 40.00 | approved
"""


@pytest.fixture
def program() -> Program:
    """Orders 1, 2 and 6 are credited to Barb at 10 %, 3 to Ann at 12.5 %, 4 to a channel; 1 and 3 are approved."""
    program = install()
    placed = orders(ORDERS)
    load(program, clicks(CLICKS), placed, items("order | item | quantity | turnover\n 3 | a | 2 | 80.00", placed))
    approve("1", "3")
    return program


def test_the_same_batch_raised_at_once_is_raised_once(program: Program) -> None:
    somebody()
    rows = "\n".join(f"create | barb | {order} | T | 10.00" for order in range(10, 30))

    def ask() -> Raised:
        return raised(program, f"{NEW}\n{rows}")

    answers = together([ask, ask, ask])
    assert sorted(len(answer.new) for answer in answers) == [0, 0, 20]
    assert sorted(len(answer.known) for answer in answers) == [0, 20, 20]
    assert sorted(Request.objects.values_list("number", flat=True)) == list(range(1, 21))


def test_of_two_who_decide_one_does_and_the_other_is_told_who_was_first(program: Program) -> None:
    raised(program, f"{NEW}\n create | barb | 10 | T | 10.00")
    somebody("Dora"), somebody("Emil")

    def accept() -> Moved:
        return accepted(program, 1, by="Dora")

    def reject() -> Moved:
        return decided(program, "number | verdict | reason\n 1 | rejected | returned", by="Emil", looked_at=False)

    answers = together([accept, reject])
    assert sorted(len(answer.done) for answer in answers) == [0, 1]
    refused = next(answer.undone for answer in answers if len(answer.undone)).row(0, named=True)
    first = "Dora" if refused["stage"] == "accepted" else "Emil"
    assert (refused["why"], refused["changed_by"], refused["changed_at"]) == ("decided", first, LATER)
    assert StageChange.objects.count() == 2


def test_what_is_withdrawn_is_not_accepted_and_what_is_accepted_not_withdrawn(program: Program) -> None:
    raised(program, f"{NEW}\n create | barb | 10 | T | 10.00")
    key, actor = Request.objects.get().id, Actor(Way.PAGE, somebody().id)
    somebody("Dora")

    def take_back() -> Moved:
        return withdraw(view_of(program), [key], actor=actor, now=LATER)

    def accept() -> Moved:
        return decided(program, "number | verdict\n 1 | accepted", looked_at=False)

    answers = together([take_back, accept])
    assert sorted(len(answer.done) for answer in answers) == [0, 1]
    assert next(answer.undone["why"].to_list() for answer in answers if len(answer.undone)) == ["decided"]


def test_two_workers_process_each_request_once(program: Program) -> None:
    raised(program, ASKED)
    accepted(program)
    done = together([lambda: processed(program, rows=2)] * 2)
    assert sum(one.done for one in done) == 7
    assert_done_once(program)


def test_the_worker_processes_within_seconds_what_is_accepted_also_after_another_died(program: Program) -> None:
    raised(program, ASKED)
    accepted(program, 1, 2, 3)
    with _worker():
        _within_seconds(lambda: Request.objects.filter(stage="processed").count() == 3)
        accepted(program)
        _within_seconds(lambda: Request.objects.filter(stage="processed").count() == 7)
    assert_done_once(program)
    raised(program, f"{NEW}\n create | barb | 13 | T | 1.00")
    accepted(program)
    with connection.cursor() as cursor:
        cursor.execute("delete from procrastinate_jobs")  # with the worker that had begun it
        process_accepted(0)
        process_accepted(0)
        cursor.execute("select task_name, args from procrastinate_jobs where queueing_lock like 'requests %'")
        ((_task, arguments),) = cursor.fetchall()
    process(**json.loads(arguments))
    assert Request.objects.get(order_token="13").stage == "processed"


@contextmanager
def _worker() -> Iterator[None]:
    """Its jobs run."""
    stop = Event()
    thread = Thread(target=lambda: asyncio.run(running.run_jobs(stop)))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _within_seconds(is_done: Callable[[], bool]) -> None:
    until = time.monotonic() + 5
    while not is_done():
        assert time.monotonic() < until
        time.sleep(0.02)


def test_looking_at_what_would_come_waits_for_nobody_and_locks_nothing(program: Program) -> None:
    raised(program, ASKED)
    keys = list(Request.objects.values_list("id", flat=True))
    held, looked = Event(), Event()

    def hold() -> None:
        with transaction.atomic():
            lock_program(program.code)
            list(Request.objects.select_for_update())
            list(Conversion.objects.select_for_update())
            held.set()
            assert looked.wait(5)

    def look() -> list[str]:
        assert held.wait(5)
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("set local lock_timeout = '1s'")
                assert len(impact(program, keys).rows) == 7
                cursor.execute(
                    "select distinct mode from pg_locks where pid = pg_backend_pid() and locktype <> 'virtualxid'"
                )
                return [mode for (mode,) in cursor.fetchall()]
        finally:
            looked.set()

    assert together([hold, look]) == [None, ["AccessShareLock"]]


def assert_done_once(program: Program) -> None:
    assert {stage.split()[-1] for stage in stages(program).split(", ")} == {"processed"}
    assert StageChange.objects.filter(stage="processed").count() == 7
    assert sorted(Conversion.objects.values_list("order_token", flat=True)) == sorted([*"123456", "10", "11", "12"])
    assert Decision.objects.exclude(request_id=None).count() == 7
    assert Change.objects.filter(way=Way.REQUEST).count() == 6
    assert check_ledger(program).is_empty()
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from tracking_conversion_event where source like 'request %'")
        assert cursor.fetchone() == (3,)


def test_processing_that_is_killed_anywhere_goes_on(program: Program) -> None:
    raised(program, ASKED)
    accepted(program)
    chance = random.Random(7)
    script = Path(__file__).with_name("interrupted_processing.py")
    arguments = [sys.executable, str(script), "anvils", LATER.isoformat()]
    with subprocess.Popen(arguments, cwd=script.parents[2], stdin=PIPE, stdout=PIPE, text=True, bufsize=1) as process:
        assert process.stdin
        assert process.stdout
        killed = 0
        for _ in range(7):
            process.stdin.write(f"{chance.randint(1, 14)}\n")
            ended = int(process.stdout.readline())
            assert ended in (0, -signal.SIGKILL)
            killed += ended != 0
            # Whatever is written belongs to a request that says so.
            finished = set(Request.objects.filter(stage="processed").values_list("id", flat=True))
            assert set(Decision.objects.exclude(request_id=None).values_list("request_id", flat=True)) == finished
            assert check_ledger(program).is_empty()
    assert killed
    processed(program)
    assert_done_once(program)
