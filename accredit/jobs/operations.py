"""Jobs are started, cancelled, continued and removed."""

import io
import shutil
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import polars as pl
from django.conf import settings
from django.db import transaction
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from accredit.access.models import User
from accredit.jobs.kinds import kind_of
from accredit.jobs.models import STOPPED, UNFINISHED, Job, JobInput, State
from accredit.programs.models import Program
from accredit.programs.visibility import Viewpoint, viewpoint

FAILURES = {
    "not_permitted": "Whoever started it may no longer do this",
    "no_space": "There was no room left for the file",
    "interrupted": "It was interrupted again and again",
    "failed": "Something went wrong; the log of the worker says what",
}
"""Why a job failed. The codes are for programs, the sentences for people."""
QUEUE = "jobs"
RUN = "accredit.jobs.tasks.run"
STRAY_AGE = timedelta(days=1)


class NotPermitted(Exception):
    """The user may not do what the job does."""


def start(
    kind: str,
    *,
    program: Program,
    user: User,
    asked: Mapping[str, Any],
    given: pl.DataFrame | None = None,
    total: int | None = None,
) -> Job:
    """A new job, which the worker takes as soon as the transaction that is open is committed. `given`: rows that it is
    about; `total`: how many things there are to do, which only kinds that write a file find out by themselves. Raises
    NotPermitted."""
    with transaction.atomic():
        job = Job(program=program, user=user, kind=kind, asked=dict(asked), total=total)
        job.partners = seen_by(view_of(job))
        job.save(force_insert=True)
        if given is not None:
            content = io.BytesIO()
            given.write_parquet(content)
            JobInput.objects.create(job=job, content=content.getvalue())
        defer(job.id)
    return job


def view_of(job: Job) -> Viewpoint:
    """What the job's user sees of the program now, of those for whom they may do what the job does. Raises NotPermitted
    where they may not, or no longer."""
    permission = kind_of(job).permission
    try:
        seen = viewpoint(job.user, job.program.code)
    except Program.DoesNotExist:
        raise NotPermitted from None
    view = seen if permission is None else seen.doing(permission)
    if view is None or not job.user.is_active:
        raise NotPermitted
    return view


def seen_by(view: Viewpoint) -> list[str] | None:
    """Whose conversions the viewer sees, as `Job.partners` has it."""
    return None if view.partners is None else sorted(view.partners)


def shows_to(job: Job, view: Viewpoint) -> bool:
    """Whether what came of a job may still be shown: its user sees no less by now than when it ran."""
    return view.partners is None or (job.partners is not None and view.partners >= set(job.partners))


def defer(job_id: UUID) -> None:
    """Have the worker take a turn at the job, unless one is waiting already."""
    with suppress(AlreadyEnqueued), transaction.atomic():
        app.configure_task(RUN, queue=QUEUE, queueing_lock=f"job {job_id}").defer(job=str(job_id))


def defer_unfinished() -> None:
    """Have the worker look at every job that is not finished: whatever died in the middle of one, it goes on. A job
    that somebody is at is left to them."""
    for job_id in Job.objects.filter(state__in=UNFINISHED).order_by("id").values_list("id", flat=True):
        defer(job_id)


def cancel(job: Job, *, now: datetime) -> bool:
    """End a job where it is: what is done stays, and nothing more is done. False where it had ended before."""
    return bool(Job.objects.filter(id=job.id, state__in=UNFINISHED).update(state=State.CANCELLED, ended_at=now))


def resume(job: Job) -> bool:
    """Let a job that failed or was cancelled go on where it stopped. False where it had not stopped."""
    with transaction.atomic():
        changed = Job.objects.filter(id=job.id, state__in=STOPPED).update(
            state=State.WAITING, failure="", attempts=0, ended_at=None
        )
        if changed:
            defer(job.id)
    return bool(changed)


def folder() -> Path:
    """Where the files of jobs are, for the user alone whom Accredit runs as."""
    path: Path = settings.JOB_FOLDER
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def file_of(job: Job) -> Path | None:
    """The file that a job made; None where there is none, or where it is gone."""
    path = folder() / job.file
    return path if job.file and path.is_file() else None


def remove_old(now: datetime) -> int:
    """Remove the jobs that ended more than JOB_DAYS ago with their files, and files of no job; how many jobs went."""
    old = Job.objects.filter(ended_at__lt=now - timedelta(days=settings.JOB_DAYS))
    removed = 0
    for job in old.only("id", "file"):
        job.delete()
        removed += 1
    named = set(Job.objects.exclude(file="").values_list("file", flat=True))
    for path in folder().iterdir():
        if path.name not in named and path.stat().st_mtime < (now - STRAY_AGE).timestamp():
            _remove(path)
    return removed


def _remove(path: Path) -> None:
    with suppress(FileNotFoundError):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
