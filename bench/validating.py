"""Validating conversions in batches, with their history and the ledger: approving, beside bare SQL that writes as many
of the same rows into the same tables without asking anything, its triggers taken off; rejecting with reason and
comment; and the same by a job, as the worker does it: from its stored rows, its user's rights asked before each batch,
its progress kept with it.

On the embedded server with its durability; a batch is a transaction on either side.
"""

from datetime import UTC, datetime

import polars as pl
import psycopg

from accredit.database import embedded
from bench.credit_files import write_inputs
from bench.installation import Installation, installation
from bench.report import Report, peak_mb, timed

SIZE, LARGE = 100_000, 500_000
BATCH = 10_000
TARGET = 5_000
GUARDED = ("conversions_conversion", "ledger_entry", "ledger_posting")
BARE = (
    """
    create temporary table batch on commit drop as
    select id, decision, partner, currency, commission_minor, row_number() over (order by id) as place
    from conversions_conversion where status = 'open' order by id limit %(rows)s
    """,
    """
    insert into conversions_change (program_id, conversion_id, number, changed_at, way, status_before, status,
        decision_before, decision)
    select %(program)s, id, 1, now(), 'command', 'open', 'approved', decision, decision from batch
    """,
    """
    update conversions_conversion conversion set status = 'approved' from batch
    where conversion.program_id = %(program)s and conversion.id = batch.id
    """,
    """
    create temporary table booked on commit drop as
    select *, (select max(number) from ledger_entry where program_id = %(program)s) + row_number() over () as number
    from batch where partner is not null and commission_minor > 0
    """,
    """
    insert into ledger_entry (program_id, number, key, occurred_at, posted_at, kind, cause, currency, postings)
    select %(program)s, number, 'approval ' || id, now(), now(), 'approval', id || ' 1', currency, 1 from booked
    """,
    """
    insert into ledger_posting (program_id, entry, position, from_account, to_account, currency, amount_minor)
    select %(program)s, number, 1, owes.id, earned.id, booked.currency, commission_minor
    from booked
    join ledger_account owes on owes.program_id = %(program)s and owes.kind = 'advertiser_owes'
        and owes.currency = booked.currency
    join ledger_account earned on earned.program_id = %(program)s and earned.kind = 'partner_earned'
        and earned.partner = booked.partner and earned.currency = booked.currency
    """,
)


REJECTED = {"status": "rejected", "rejection_reason": "returned", "comment": "The parcel came back unopened."}


def open_ones(size: int, **given: str) -> pl.DataFrame:
    """What asks for so many open conversions to be validated."""
    from accredit.conversions.models import Conversion, Status
    from accredit.conversions.validating import ASKED

    ids = Conversion.objects.filter(status=Status.OPEN).order_by("id").values_list("id", flat=True)[:size]
    return pl.DataFrame([{"id": str(key), **given} for key in ids], schema=dict(ASKED), orient="row")


def validate(size: int, **given: str) -> float:
    """Validate so many open conversions; the seconds that it took."""
    from accredit.conversions import validating
    from accredit.conversions.history import Actor
    from accredit.conversions.models import Way

    asked = open_ones(size, **given)
    with timed() as took:
        parts = list(validating.validate("bench", asked, Actor(Way.COMMAND), now=datetime.now(UTC)))
    assert sum(len(part.changes) for part in parts) == size
    return took.seconds


def reject_by_job(size: int) -> float:
    """Reject so many by a job: the seconds from its start to its end, in turns of this process."""
    from accredit.access.models import Membership, User
    from accredit.conversions.validation_job import start_validation
    from accredit.jobs.models import Job, State
    from accredit.jobs.running import take_turn
    from accredit.programs.queries import program_by_code
    from accredit.programs.visibility import viewpoint

    user = User.objects.create(email="owner@example.com", name="Owner")
    Membership.objects.create(user=user, organization=program_by_code("bench").advertiser, role="owner")
    asked = open_ones(size, **REJECTED)
    with timed() as took:
        job = start_validation(viewpoint(user, "bench"), user, asked)
        while take_turn(job.id, stopping=lambda: False):
            pass
    job = Job.objects.get(id=job.id)
    assert (job.state, job.outcome.get("rejected")) == (State.DONE, size)
    return took.seconds


def approve_bare(owner: psycopg.Connection, size: int) -> float:
    """The yardstick: the seconds that SQL takes for so many others."""
    (program_id,) = owner.execute("select id from programs_program").fetchall()[0]
    for table in GUARDED:
        owner.execute(f"alter table {table} disable trigger user".encode())
    with timed() as bare:
        for _ in range(0, size, BATCH):
            with owner.transaction():
                for statement in BARE:
                    owner.execute(statement.encode(), {"program": program_id, "rows": BATCH})
    for table in GUARDED:
        owner.execute(f"alter table {table} enable trigger user".encode())
    return bare.seconds


def measure(installed: Installation, size: int) -> None:
    """Print the figures of one size."""
    from accredit.programs.models import RejectionReason
    from accredit.programs.queries import program_by_code

    folder = installed.state / "files"
    folder.mkdir()
    write_inputs(folder, 3 * size, 3 * size)
    installed.run("program", "apply", str(folder / "program.toml"))
    installed.run("load", "--program=bench", f"--clicks={folder / 'clicks.csv'}", f"--orders={folder / 'orders.csv'}")
    with psycopg.connect(installed.url(embedded.ADMINISTRATOR), autocommit=True) as owner:
        owner.execute("vacuum analyze conversions_conversion")
        owner.execute("checkpoint")
        seconds = validate(size, status="approved")
        owner.execute("checkpoint")
        bare = approve_bare(owner, size)
        (approved,) = owner.execute("select count(*) from conversions_change").fetchall()[0]
        assert approved == 2 * size
    rate = size / seconds
    name = f"approve {size:,} conversions in batches of {BATCH:,}, a second"
    Report(name, rate, TARGET, rate / TARGET, ">= 1", peak_mb(), unit="/s").show()
    Report("  beside bare SQL of as many rows", seconds, bare, bare / seconds).show()
    half, reasons = size // 2, RejectionReason.objects
    reasons.create(program=program_by_code("bench"), code="returned", title_de="Zurückgesandt", title_en="Returned")
    for how, seconds in (("", validate(half, **REJECTED)), (" by a job", reject_by_job(half))):
        rate = half / seconds
        name = f"reject {half:,} with reason and comment{how}, a second"
        Report(name, rate, TARGET, rate / TARGET, ">= 1", peak_mb(), unit="/s").show()


def main(large: bool) -> None:
    """The figures of one size, on an empty database."""
    with installation(with_django=True) as installed:
        measure(installed, LARGE if large else SIZE)
