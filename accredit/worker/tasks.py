"""What runs by the clock, as jobs of procrastinate. Each can be run at any time, and as often as one likes."""

import logging
from datetime import UTC, date, datetime, timedelta

from django.db import connection
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app
from procrastinate.jobs import Status

from accredit.conversion_requests.notifying import tell_by_the_clock
from accredit.conversions.reminding import approve_by_the_clock
from accredit.imports.operations import remove_old_uploads
from accredit.jobs.operations import QUEUE
from accredit.ledger.operations import close_what_was_over
from accredit.programs import telling
from accredit.programs.models import Program
from accredit.tracking.archive import archive_old_clicks
from accredit.tracking.operations import make_partitions
from accredit.tracking.visits import note_visits

DAYS_AHEAD = 7
KEY_DAYS = 1
"""How many days a key outlives its own, by which addresses were hashed: the visitor's page promises that no hash is
traced back after three days (`tracker.privacy`), and leaves a day for a worker that does not run."""
STALLED_SECONDS = 60
"""A worker that gave no sign of life for so long is dead, and its jobs are others'."""
CLOSED_AFTER = timedelta(days=1)
"""What began before the end of a month may still be posted into it for so long."""
log = logging.getLogger(__name__)
_AGAIN = RetryStrategy(max_attempts=5, exponential_wait=4)


@app.periodic(cron="7 * * * *")
@app.task(queueing_lock="partitions", retry=_AGAIN)
def make_partitions_ahead(timestamp: int) -> None:
    """Have the partitions of both logs for a week ahead."""
    days = days_ahead(datetime.fromtimestamp(timestamp, UTC).date())
    make_partitions("tracking_click", days)
    make_partitions("tracking_conversion_event", days)


def days_ahead(today: date) -> list[date]:
    """Today, and DAYS_AHEAD more."""
    return [today + timedelta(days=ahead) for ahead in range(DAYS_AHEAD + 1)]


@app.periodic(cron="11 * * * *")
@app.task(queueing_lock="address keys", retry=_AGAIN)
def forget_address_keys(timestamp: int) -> None:
    """Remove the keys of addresses whose time is over: from then on their hashes are of nobody."""
    today = datetime.fromtimestamp(timestamp, UTC).date()
    with connection.cursor() as cursor:
        cursor.execute("delete from tracking_address_key where day < %s", [today - timedelta(days=KEY_DAYS)])


@app.periodic(cron="17 * * * *")
@app.task(queueing_lock="approving", retry=_AGAIN)
def approve_conversions(timestamp: int) -> None:
    """Approve what approves itself, and tell the people of its programs before."""
    approve_by_the_clock(datetime.fromtimestamp(timestamp, UTC))


@app.periodic(cron="*/5 * * * *")
@app.task(queueing_lock="telling of requests")
def tell_of_requests(timestamp: int) -> None:
    """Tell people by e-mail what happened to conversion requests."""
    tell_by_the_clock(datetime.fromtimestamp(timestamp, UTC))


@app.periodic(cron="*/5 * * * *")
@app.task(queueing_lock="telling of terms")
def tell_of_terms(timestamp: int) -> None:
    """Tell the people of partners by e-mail what terms were announced to them."""
    telling.tell_by_the_clock(datetime.fromtimestamp(timestamp, UTC))


@app.periodic(cron="43 4 * * *")
@app.task(queueing_lock="closing", retry=_AGAIN)
def close_months(timestamp: int) -> None:
    """Close the months of every ledger that have been over for a day."""
    over_at = datetime.fromtimestamp(timestamp, UTC) - CLOSED_AFTER
    for program in Program.objects.order_by("code"):
        for month in close_what_was_over(program.id, over_at=over_at, now=datetime.now(UTC)):
            log.info("Closed in the ledger of %s: %s", program.code, f"{month:%Y-%m}")


@app.periodic(cron="37 3 * * *")
@app.task(queueing_lock="uploads", retry=_AGAIN)
def forget_uploads(timestamp: int) -> None:
    """Forget what was uploaded to be looked at, and is old."""
    remove_old_uploads(datetime.fromtimestamp(timestamp, UTC))


@app.periodic(cron="23 2 * * *")
@app.task(queueing_lock="archive", retry=_AGAIN)
def archive_clicks(timestamp: int) -> None:
    """Move the clicks of days whose time is over from the log into the archive."""
    for day, clicks in archive_old_clicks(datetime.fromtimestamp(timestamp, UTC).date()):
        log.info("Clicks of %s that are in the archive now: %d", day, clicks)


@app.periodic(cron="29 * * * *")
@app.task(queueing_lock="visits", retry=_AGAIN)
def note_visits_of_days(timestamp: int) -> None:
    """Note who clicked on the days that are over."""
    for day in note_visits(datetime.fromtimestamp(timestamp, UTC)):
        log.info("Noted who clicked on %s", day)


@app.periodic(cron="*/5 * * * *")
@app.task(queueing_lock="stalled jobs")
async def retry_stalled_jobs(timestamp: int) -> None:  # noqa: ARG001 - every periodic job is given it
    """Put the jobs of workers that died back into their queue. Turns at what people started are forgotten: these find
    their own way on."""
    for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_SECONDS):
        if job.queue == QUEUE:
            await app.job_manager.finish_job(job, Status.FAILED, delete_job=True)
        else:
            await app.job_manager.retry_job(job)
