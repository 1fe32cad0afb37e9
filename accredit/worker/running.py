"""The process: booking in its main thread, the periodic jobs in another, until a signal ends both."""

import asyncio
import logging
import signal
from collections.abc import Callable
from datetime import UTC, datetime
from threading import Event, Thread
from types import FrameType

from django.db import DatabaseError
from procrastinate.contrib.django import app
from procrastinate.contrib.django.django_connector import DjangoConnector

from accredit.worker.booking import AGAIN_SECONDS, keep_booking
from accredit.worker.lines import OneLine
from accredit.worker.tasks import make_partitions_ahead

JOB_POLL_SECONDS = 60.0
JOB_END_SECONDS = 5.0
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
    keep_booking(stop)
    jobs.join(2 * JOB_END_SECONDS)


def _first(stop: Event, job: Callable[[], None]) -> None:
    """Run a job now, as a fresh installation needs it. Where it fails, its time comes within the hour."""
    try:
        job()
    except DatabaseError:
        log.warning("A job failed and is tried again within the hour", exc_info=not stop.is_set())


def _keep_running_jobs(stop: Event) -> None:
    while not stop.is_set():
        try:
            asyncio.run(_run_jobs(stop))
        except Exception:  # whatever the database or procrastinate came to: jobs go on
            log.warning("The jobs are interrupted, and go on soon", exc_info=True)
            stop.wait(AGAIN_SECONDS)


async def _run_jobs(stop: Event) -> None:
    connector = app.connector
    assert isinstance(connector, DjangoConnector)
    with app.replace_connector(connector.get_worker_connector()) as jobs:
        async with jobs.open_async():
            worker = asyncio.create_task(
                jobs.run_worker_async(
                    install_signal_handlers=False,
                    fetch_job_polling_interval=JOB_POLL_SECONDS,
                    shutdown_graceful_timeout=JOB_END_SECONDS,
                    delete_jobs="successful",
                )
            )
            while not (stop.is_set() or worker.done()):
                await asyncio.wait([worker], timeout=0.2)
            worker.cancel()
            await asyncio.wait([worker])
            if not worker.cancelled() and (error := worker.exception()) and not stop.is_set():
                raise error
