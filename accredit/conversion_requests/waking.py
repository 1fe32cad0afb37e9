"""Telling the worker that there are accepted requests to process."""

from contextlib import suppress
from uuid import UUID

from django.db import transaction
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

QUEUE = "requests"
PROCESS = "accredit.conversion_requests.tasks.process"


def wake(program_id: UUID) -> None:
    """Have the worker process the accepted requests of a program, as soon as the transaction that is open is
    committed, unless that waits to be done already."""
    with suppress(AlreadyEnqueued), transaction.atomic():
        app.configure_task(PROCESS, queue=QUEUE, queueing_lock=f"requests {program_id}").defer(program=str(program_id))
