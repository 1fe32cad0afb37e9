"""A turn at a job: steps of it, until it is finished or others have waited long enough.

Whoever is at a job holds an advisory lock, which the database takes back from a session that died. Even without it
nothing would be done twice: a step moves `done` on from where it began, or is taken back.
"""

import io
import logging
import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

import polars as pl
from django.db import DatabaseError, InterfaceError, connection, transaction
from django.db.models import F, QuerySet

from accredit.database.copy import copy_in
from accredit.jobs.kinds import AsFile, InBatches, Work, kind_of
from accredit.jobs.models import UNFINISHED, Job, JobInput, State
from accredit.jobs.operations import NotPermitted, folder, seen_by, view_of

TURN_SECONDS = 10.0
"""Then another job has its turn."""
TELL_SECONDS = 0.5
MAX_ATTEMPTS = 5
log = logging.getLogger(__name__)


class Overtaken(Exception):
    """The job was cancelled, or somebody else did the same step: what was begun is taken back."""


class Stopping(Exception):
    """The worker ends."""


def take_turn(job_id: UUID, *, stopping: Callable[[], bool], seconds: float = TURN_SECONDS) -> bool:
    """Work on a job; whether there is more to do, and nobody at it. Raises what the database raises when it goes away:
    then the job goes on later."""
    with _alone(job_id) as alone:
        if not alone or not _begin(job_id):
            return False
        try:
            return _work(job_id, stopping, time.monotonic() + seconds)
        except Overtaken:
            return False
        except Stopping:
            _running(job_id).update(state=State.WAITING, attempts=0)
            return True
        except NotPermitted:
            _fail(job_id, "not_permitted")
        except (DatabaseError, InterfaceError) as error:
            if _is_of_the_rows(error):
                log.exception("The job %s failed", job_id)
                _fail(job_id, "failed")
            else:
                raise
        except OSError:
            log.exception("The job %s failed", job_id)
            _fail(job_id, "no_space")
        except (Exception, pl.exceptions.PanicException):
            log.exception("The job %s failed", job_id)
            _fail(job_id, "failed")
    return False


@contextmanager
def _alone(job_id: UUID) -> Iterator[bool]:
    """Whether nobody else is at the job within the block."""
    key = f"job {job_id}"
    with connection.cursor() as cursor:
        cursor.execute("select pg_try_advisory_lock(hashtextextended(%s, 0))", [key])
        alone = bool(cursor.fetchone()[0])
    try:
        yield alone
    finally:
        if alone and connection.connection and not connection.connection.broken:
            with connection.cursor() as cursor:
                cursor.execute("select pg_advisory_unlock(hashtextextended(%s, 0))", [key])


def _running(job_id: UUID) -> QuerySet[Job]:
    return Job.objects.filter(id=job_id, state=State.RUNNING)


def _begin(job_id: UUID) -> bool:
    """Whether the job is to be worked on. One that never gets any further, such as one for which the memory does not
    suffice, is given up."""
    begun = Job.objects.filter(id=job_id, state__in=UNFINISHED)
    if not begun.update(state=State.RUNNING, attempts=F("attempts") + 1):
        return False
    if begun.filter(attempts__gt=MAX_ATTEMPTS).exists():
        _fail(job_id, "interrupted")
        return False
    return True


def _fail(job_id: UUID, failure: str) -> None:
    _running(job_id).update(state=State.FAILED, failure=failure, ended_at=datetime.now(UTC))


def _is_of_the_rows(error: Exception) -> bool:
    """Whether the database refused what it was given; else it is away, or ends, and answers another time."""
    state = getattr(error.__cause__, "sqlstate", None)
    return state is not None and state[:2] in ("21", "22", "23", "42", "P0")


def _work(job_id: UUID, stopping: Callable[[], bool], until: float) -> bool:
    given = _given(job_id)
    while True:
        job = Job.objects.select_related("program", "user").get(id=job_id)
        if job.state != State.RUNNING:
            return False
        view = view_of(job)
        if job.partners != seen_by(view):
            _update_or_end(job_id, partners=seen_by(view))
        work = Work(job, view, given, datetime.now(UTC))
        kind = kind_of(job)
        if isinstance(kind, AsFile):
            _write(kind, work, stopping)
            return False
        if _step(kind, work):
            return False
        if stopping() or time.monotonic() > until:
            return True


def _given(job_id: UUID) -> pl.DataFrame:
    found = JobInput.objects.filter(job=job_id).values_list("content", flat=True).first()
    return pl.read_parquet(io.BytesIO(found)) if found is not None else pl.DataFrame()


def _step(kind: InBatches, work: Work) -> bool:
    """One batch; whether it was the last one."""
    job = work.job
    with transaction.atomic():
        batch = kind.step(work)
        done = job.done + batch.done
        finished = done >= (job.total or 0)
        if done == job.done and not finished:
            raise RuntimeError(f"a step of the job {job.id} did nothing, and {job.total} are not done yet")
        numbers = pl.int_range(job.rows + 1, job.rows + 1 + len(batch.rows), dtype=pl.Int64)
        if len(batch.rows):
            copy_in(
                "jobs_jobrow", batch.rows.select(pl.lit(str(job.id)).alias("job_id"), numbers.alias("number"), pl.all())
            )
        names = {**job.outcome, **batch.outcome}
        moved = (
            _running(job.id)
            .filter(done=job.done)
            .update(
                done=done,
                rows=job.rows + len(batch.rows),
                outcome={name: job.outcome.get(name, 0) + batch.outcome.get(name, 0) for name in names},
                attempts=0,
                **({"state": State.DONE, "ended_at": datetime.now(UTC)} if finished else {}),
            )
        )
        if not moved:
            raise Overtaken
    return finished


def _write(kind: AsFile, work: Work, stopping: Callable[[], bool]) -> None:
    job = work.job
    name = secrets.token_urlsafe(24)
    path = folder() / name
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        written = kind.write(work, path, _Telling(job.id, stopping).tell)
        moved = _running(job.id).update(
            state=State.DONE,
            total=written.rows,
            done=written.rows,
            outcome=dict(written.outcome),
            attempts=0,
            file=name,
            file_name=written.file_name,
            ended_at=datetime.now(UTC),
        )
        if not moved:
            raise Overtaken
    except (DatabaseError, InterfaceError):  # perhaps it is finished, and only the answer was lost
        raise
    except BaseException:
        path.unlink(missing_ok=True)
        raise


class _Telling:
    """How far a file has come, told at most every TELL_SECONDS."""

    def __init__(self, job_id: UUID, stopping: Callable[[], bool]) -> None:
        self.update = partial(_update_or_end, job_id)
        self.stopping = stopping
        self.told_at = 0.0

    def tell(self, done: int, total: int | None = None) -> None:
        if self.stopping():
            raise Stopping
        if total is None and time.monotonic() - self.told_at < TELL_SECONDS:
            return
        self.told_at = time.monotonic()
        self.update(done=done, **({} if total is None else {"total": total}))


def _update_or_end(job_id: UUID, **values: Any) -> None:
    if not _running(job_id).update(**values):
        raise Overtaken
