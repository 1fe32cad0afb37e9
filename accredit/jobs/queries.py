"""Jobs as those who started them find them again."""

from collections.abc import Sequence
from uuid import UUID

from accredit.access.models import User
from accredit.database.keys import KeyTextError, key_from_text
from accredit.jobs.models import PREFIX, Job, JobRow
from accredit.programs.models import Program

LATEST = 100


def jobs_of(user: User, program: Program) -> Sequence[Job]:
    """The LATEST jobs that somebody started in a program, the newest first."""
    return list(Job.objects.filter(user=user, program=program).order_by("-id")[:LATEST])


def job_of(user: User, program: Program, key: str) -> Job:
    """One of them, by the text of its key. Raises Job.DoesNotExist for every other."""
    try:
        return Job.objects.select_related("program", "user").get(
            id=key_from_text(PREFIX, key), user=user, program=program
        )
    except KeyTextError:
        raise Job.DoesNotExist from None


def rows_of(job_id: UUID, after: int, limit: int) -> Sequence[JobRow]:
    """The rows of a job that come after the one of this number, in their order."""
    return list(JobRow.objects.filter(job=job_id, number__gt=after).order_by("number")[:limit])
