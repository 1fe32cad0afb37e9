"""Telling the worker that there are requests to accept by the rules of a program, or accepted ones to process."""

from contextlib import suppress
from uuid import UUID

from django.db import transaction
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

QUEUE = "requests"
PROCESS = "accredit.conversion_requests.tasks.process"
ACCEPT = "accredit.conversion_requests.tasks.accept"


def wake(program_id: UUID) -> None:
    """Have the worker process the accepted requests of a program, as soon as the transaction that is open is
    committed, unless that waits to be done already."""
    _defer(PROCESS, f"requests {program_id}", program_id)


def wake_to_accept(program_id: UUID) -> None:
    """Have the worker accept what the rules of a program accept by now, likewise."""
    _defer(ACCEPT, f"accepting requests {program_id}", program_id)


def _defer(task: str, lock: str, program_id: UUID) -> None:
    with suppress(AlreadyEnqueued), transaction.atomic():
        app.configure_task(task, queue=QUEUE, queueing_lock=lock).defer(program=str(program_id))
