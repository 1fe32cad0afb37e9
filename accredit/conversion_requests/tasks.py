"""What the worker does for requests: processing what was accepted, and accepting by the clock."""

import logging
from datetime import UTC, datetime
from uuid import UUID

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from accredit.conversion_requests.deciding import accept_due
from accredit.conversion_requests.models import Rules
from accredit.conversion_requests.processing import process_next, waiting_programs
from accredit.conversion_requests.waking import ACCEPT, PROCESS, QUEUE, wake
from accredit.programs.models import Program

log = logging.getLogger(__name__)


@app.task(name=PROCESS, queue=QUEUE)
def process(program: str) -> None:
    """Process a batch of a program's accepted requests; where there was one, look for another."""
    found = Program.objects.filter(id=UUID(program)).first()
    if found is None:
        return
    processed = process_next(found, now=datetime.now(UTC))
    if processed:
        log.info("Requests of %s: %d processed, %d failed", found.code, processed.done, processed.failed)
        wake(found.id)


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="accepted requests")
def process_accepted(timestamp: int) -> None:  # noqa: ARG001 - every periodic job is given it
    """Have accepted requests processed whose worker died."""
    for program in waiting_programs():
        wake(program.id)


@app.task(name=ACCEPT, queue=QUEUE, retry=RetryStrategy(max_attempts=5, exponential_wait=4))
def accept(program: str) -> None:
    """Accept what accepts itself by the rules of a program that were saved just now."""
    found = Program.objects.filter(id=UUID(program)).first()
    if found is not None:
        accept_due(found, now=datetime.now(UTC))


@app.periodic(cron="29 * * * *")
@app.task(queueing_lock="accepting requests", retry=RetryStrategy(max_attempts=5, exponential_wait=4))
def accept_requests(timestamp: int) -> None:
    """Accept what has become old enough to accept itself."""
    for rules in Rules.objects.filter(accept_after_days__isnull=False).select_related("program").order_by("program"):
        accept_due(rules.program, now=datetime.fromtimestamp(timestamp, UTC))
