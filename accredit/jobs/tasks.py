"""Jobs as the worker runs them, and what runs by the clock for them."""

import logging
from datetime import UTC, datetime
from uuid import UUID

from django.db import DatabaseError, InterfaceError
from procrastinate import JobContext
from procrastinate.contrib.django import app

from accredit.jobs.operations import QUEUE, RUN, defer, defer_unfinished, remove_old
from accredit.jobs.running import take_turn

log = logging.getLogger(__name__)


@app.task(name=RUN, queue=QUEUE, pass_context=True)
def run(context: JobContext, job: str) -> None:
    """Take a turn at a job; where it is not finished, others go first."""
    try:
        if take_turn(UUID(job), stopping=context.should_abort):
            defer(UUID(job))
    except (DatabaseError, InterfaceError):  # `resume_jobs` finds it again
        log.warning("The job %s is interrupted, and goes on soon", job, exc_info=True)


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="resume jobs")
def resume_jobs(timestamp: int) -> None:  # noqa: ARG001 - every periodic job is given it
    """Let jobs go on that died with their worker."""
    defer_unfinished()


@app.periodic(cron="41 3 * * *")
@app.task(queueing_lock="remove jobs")
def remove_old_jobs(timestamp: int) -> None:
    """Remove jobs and files that are kept long enough."""
    remove_old(datetime.fromtimestamp(timestamp, UTC))
