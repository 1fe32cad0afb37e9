"""Whatever dies and whoever comes at the same time: each conversion is validated once, and everything agrees."""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from subprocess import PIPE

import pytest
from django.db import connection

from accredit.conversions import validating
from accredit.conversions.checking import check_ledger
from accredit.conversions.models import Conversion
from accredit.conversions.validation_file import table_of
from accredit.conversions.validation_file_job import keep_plan, start_file
from accredit.conversions.validation_job import asked_of, matching, start_validation
from accredit.imports.operations import keep_upload
from accredit.jobs.models import Job, JobRow, State
from accredit.jobs.operations import cancel, defer_unfinished
from accredit.jobs.running import take_turn
from accredit.lists.filters import Filters
from accredit.programs.visibility import viewpoint
from tests.factories.people import Shop, open_shop
from tests.factories.sessions import together

pytestmark = pytest.mark.django_db(transaction=True)
SCRIPT = Path(__file__).with_name("killed_job.py")
TABLE = b"order;status;turnover;reason\n1001;1;100.00;\n1002;1;;\n1003;2;;Returned\n9;1;;\n1004;1;;\n1005;1;;\n"


@pytest.fixture
def shop(transactional_db: None) -> Shop:
    return open_shop()


def started(shop: Shop, who: str = "owner") -> Job:
    """Approve everything that is open."""
    view = viewpoint(shop.users[who], "anvils")
    asked = asked_of(matching(view, Filters()), status="approved", rejection_reason=None, comment=None)
    return start_validation(view, shop.users[who], asked)


def started_file(shop: Shop) -> Job:
    """Do what TABLE says."""
    now = datetime.now(UTC)
    upload = keep_upload(
        [TABLE],
        table=table_of(shop.program),
        file_name="march.csv",
        kind="validation",
        program_id=shop.program.id,
        user=shop.users["owner"],
        now=now,
    )
    keep_plan(upload, shop.program, now=now)
    assert upload.planned_at
    return start_file(upload, shop.program, shop.users["owner"], planned_at=upload.planned_at.isoformat())


def changes() -> int:
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from conversions_change")
        return int(cursor.fetchone()[0])


@pytest.fixture(scope="module")
def turn(django_db_setup: None) -> Iterator[Callable[[Job, int], int]]:
    """A turn that dies in the nth batch, or (0) does not: how its process ended."""
    command = [sys.executable, str(SCRIPT)]
    with subprocess.Popen(command, cwd=SCRIPT.parents[2], stdin=PIPE, stdout=PIPE, text=True, bufsize=1) as process:
        told, heard = process.stdin, process.stdout
        assert told
        assert heard

        def take(job: Job, fatal_batch: int) -> int:
            told.write(f"{job.id} {fatal_batch}\n")
            return int(heard.readline())

        yield take
        told.close()


def test_what_a_killed_worker_began_the_next_one_finishes(shop: Shop, turn: Callable[[Job, int], int]) -> None:
    job = started(shop)
    for fatal_batch, done in ((1, 0), (2, 2), (1, 2)):
        assert turn(job, fatal_batch) == -signal.SIGKILL
        job.refresh_from_db()
        assert (job.state, job.done, changes()) == (State.RUNNING, done, done)
        assert Conversion.objects.filter(status="approved").count() == done
    assert turn(job, 0) == 0
    job.refresh_from_db()
    assert (job.state, job.done, job.outcome) == (State.DONE, 6, {"approved": 6, "unchanged": 0})
    assert changes() == 6
    assert check_ledger(shop.program).is_empty()


def test_a_file_of_which_a_worker_died_is_done_once(shop: Shop, turn: Callable[[Job, int], int]) -> None:
    job = started_file(shop)
    for fatal_batch, done, changed in ((1, 0, 0), (2, 2, 3), (2, 4, 4)):
        assert turn(job, fatal_batch) == -signal.SIGKILL
        job.refresh_from_db()
        assert (job.state, job.done, changes()) == (State.RUNNING, done, changed)
    assert turn(job, 0) == 0
    job.refresh_from_db()
    assert (job.state, job.done, changes()) == (State.DONE, 6, 6)
    assert (job.outcome["approved"], job.outcome["rejected"], job.outcome["unchanged"]) == (4, 1, 1)
    assert list(JobRow.objects.values_list("name", "source", "why")) == [("9", "march.csv, row 5", "unknown")]
    assert check_ledger(shop.program).is_empty()


def test_a_job_whose_worker_died_is_queued_again(shop: Shop) -> None:
    started(shop)
    with connection.cursor() as cursor:
        cursor.execute("update procrastinate_jobs set status = 'doing'")  # by a worker that is no more
        defer_unfinished()
        defer_unfinished()
        cursor.execute("select count(*) from procrastinate_jobs where status = 'todo'")
        assert cursor.fetchone() == (1,)


def test_two_jobs_over_the_same_rows_share_them(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(validating, "BATCH_CONVERSIONS", 1)
    jobs = [started(shop, "owner"), started(shop, "agency")]
    together([partial(take_turn, job.id, stopping=lambda: False) for job in jobs])
    for job in jobs:
        job.refresh_from_db()
    assert [job.state for job in jobs] == [State.DONE, State.DONE]
    assert sum(job.outcome.get("approved", 0) for job in jobs) == 6
    assert sum(job.outcome["unchanged"] for job in jobs) == 6
    assert set(JobRow.objects.values_list("why", flat=True)) == {"validated"}
    assert changes() == 6
    assert check_ledger(shop.program).is_empty()


def test_two_workers_at_one_job_do_it_once(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(validating, "BATCH_CONVERSIONS", 1)
    job = started(shop)
    together([partial(take_turn, job.id, stopping=lambda: False)] * 3)
    job.refresh_from_db()
    assert (job.state, job.outcome, changes()) == (State.DONE, {"approved": 6, "unchanged": 0}, 6)


def test_what_is_cancelled_meanwhile_says_what_was_done(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(validating, "BATCH_CONVERSIONS", 1)
    job = started(shop)
    calls = [partial(take_turn, job.id, stopping=lambda: False), partial(cancel, job, now=datetime.now(UTC))]
    _more, cancelled = together(calls)
    job.refresh_from_db()
    assert job.state == (State.CANCELLED if cancelled else State.DONE)
    assert changes() == job.done == Conversion.objects.filter(status="approved").count()
    assert check_ledger(shop.program).is_empty()
