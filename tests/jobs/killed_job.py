"""Run as a process: takes turns at jobs, in batches of two. A line of the standard input names a job and the batch
within whose transaction the turn, a child of its own, kills itself (0: it lives). Answers with the child's exit code.
"""

import os
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "accredit.config.settings"
django.setup()

from accredit.conversions import validating, validation_file_job  # noqa: E402
from accredit.jobs.kinds import KINDS, Batch, InBatches, Work, kind_of  # noqa: E402
from accredit.jobs.models import Job  # noqa: E402
from accredit.jobs.running import take_turn  # noqa: E402


def main(job_id: UUID, fatal_batch: int) -> None:
    validating.BATCH_CONVERSIONS = validation_file_job.BATCH_ROWS = 2
    kind = kind_of(Job.objects.get(id=job_id))
    assert isinstance(kind, InBatches)
    KINDS[kind.name] = replace(kind, step=_killing(kind.step, fatal_batch))
    take_turn(job_id, stopping=lambda: False)


def _killing(step: Callable[[Work], Batch], fatal_batch: int) -> Callable[[Work], Batch]:
    batches = 0

    def step_and_die(work: Work) -> Batch:
        nonlocal batches
        batches += 1
        batch = step(work)
        if batches == fatal_batch:
            os.kill(os.getpid(), signal.SIGKILL)
        return batch

    return step_and_die


for line in sys.stdin:
    job, batch = line.split()
    child = os.fork()
    if not child:
        main(UUID(job), int(batch))
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
