"""Raising the faultless rows of a large import in the background: all of them in one transaction."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from accredit.access.models import User
from accredit.access.permissions import Permission
from accredit.conversion_requests.importing import Came, raise_faultless
from accredit.imports.models import Upload
from accredit.jobs.kinds import Batch, InBatches, Work, register
from accredit.jobs.models import UNFINISHED, Job
from accredit.jobs.operations import start
from accredit.programs.visibility import Viewpoint

KIND = "request_import"
AT_ONCE = 3_000
"""So many rows are raised while somebody waits for the page; more are a job."""


def raise_or_start(kept: Upload, view: Viewpoint, user: User, *, rows: int, now: datetime) -> Came | Job:
    """Raise what is faultless, or start a job that does; while one is at it, it is given back. Raises NotPermitted."""
    with transaction.atomic():
        held = Upload.objects.select_for_update().get(id=kept.id)
        if held.job and (job := Job.objects.filter(id=held.job, state__in=UNFINISHED).first()):
            return job
        if rows > AT_ONCE:
            asked = {"upload": str(held.id), "file": held.file_name}
            job = start(KIND, program=view.program, user=user, asked=asked, total=rows)
            held.job = job.id
            held.save(update_fields=["job"])
            return job
        return raise_faultless(held, view, user, now=now)


def _step(work: Work) -> Batch:
    kept = Upload.objects.get(id=UUID(work.job.asked["upload"]))
    came = raise_faultless(kept, work.view, work.job.user, now=work.now)
    counts = {"raised": len(came.new), "known": len(came.known), "wrong": came.wrong}
    return Batch((work.job.total or 0) - work.job.done, counts)


def declare() -> None:
    """Let such jobs be started and run."""
    register(InBatches(KIND, Permission.RAISE_REQUESTS, _step))
