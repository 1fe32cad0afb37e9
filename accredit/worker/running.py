"""The process: booking in its main thread, the periodic jobs in another, until a signal ends both."""

import asyncio
import logging
import signal
from collections.abc import Callable
from datetime import UTC, datetime
from threading import Event, Thread
from types import FrameType

from django.db import DatabaseError
from procrastinate import App
from procrastinate.contrib.django import app
from procrastinate.contrib.django.django_connector import DjangoConnector

from accredit.conversion_requests.waking import QUEUE as REQUESTS
from accredit.jobs.operations import QUEUE, defer_unfinished
from accredit.worker.booking import AGAIN_SECONDS, keep_booking
from accredit.worker.lines import OneLine
from accredit.worker.tasks import make_partitions_ahead

JOB_POLL_SECONDS = 60.0
JOB_END_SECONDS = 5.0
CONCURRENCY = {"default": 1, REQUESTS: 1, QUEUE: 3}
"""How many of each queue run at a time: what runs by the clock never waits for what people started, nor accepted
requests for jobs."""
log = logging.getLogger(__name__)


def run() -> None:
    """Work until SIGTERM or Ctrl-C. Call it from the main thread."""
    stop = Event()
    for handler in logging.getLogger().handlers:
        handler.addFilter(OneLine())

    def end(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, end)
    jobs = Thread(target=_keep_running_jobs, args=(stop,), name="jobs", daemon=True)
    jobs.start()
    _first(stop, lambda: make_partitions_ahead(int(datetime.now(UTC).timestamp())))
    _first(stop, defer_unfinished)
    keep_booking(stop)
    jobs.join(2 * JOB_END_SECONDS)


def _first(stop: Event, job: Callable[[], None]) -> None:
    """Run a job now, as an installation that just started needs it. Where it fails, its time comes within the hour."""
    try:
        job()
    except DatabaseError:
        log.warning("A job failed and is tried again within the hour", exc_info=not stop.is_set())


def _keep_running_jobs(stop: Event) -> None:
    while not stop.is_set():
        try:
            asyncio.run(run_jobs(stop))
        except Exception:  # whatever the database or procrastinate came to: jobs go on
            log.warning("The jobs are interrupted, and go on soon", exc_info=True)
            stop.wait(AGAIN_SECONDS)


async def run_jobs(stop: Event) -> None:
    """Run what is deferred until `stop` is set."""
    connector = app.connector
    assert isinstance(connector, DjangoConnector)
    with app.replace_connector(connector.get_worker_connector()) as jobs:
        async with jobs.open_async():
            workers = [
                asyncio.create_task(_run_queue(jobs, queue, at_a_time)) for queue, at_a_time in CONCURRENCY.items()
            ]
            while not (stop.is_set() or any(worker.done() for worker in workers)):
                await asyncio.wait(workers, timeout=0.2, return_when=asyncio.FIRST_COMPLETED)
            for worker in workers:
                worker.cancel()
            await asyncio.wait(workers)
            errors = [worker.exception() for worker in workers if not worker.cancelled()]
            if not stop.is_set() and (error := next(filter(None, errors), None)):
                raise error


async def _run_queue(jobs: App, queue: str, at_a_time: int) -> None:
    await jobs.run_worker_async(
        queues=[queue],
        name=queue,
        concurrency=at_a_time,
        install_signal_handlers=False,
        fetch_job_polling_interval=JOB_POLL_SECONDS,
        shutdown_graceful_timeout=JOB_END_SECONDS,
        delete_jobs="successful",
    )
