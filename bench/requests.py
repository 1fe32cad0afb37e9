"""Raising conversion requests and processing them, each beside bare SQL that writes the same rows once more, into
tables with the same indexes and without asking anything.

Half of the requests create, three in eight change turnover, status or customer status, and one in eight claims. On the
embedded server with its durability; half of the conversions are approved before, so that differences are booked.
"""

from datetime import UTC, datetime, timedelta

import polars as pl
import psycopg

from accredit.database import embedded
from bench.credit_files import write_inputs
from bench.installation import Installation, installation
from bench.report import Report, peak_mb, timed

SIZE, LARGE = 100_000, 200_000
RAISED_SECONDS, PROCESSED_A_SECOND = 10, 2_000
WRITTEN_BY_RAISING = {"conversion_requests_request": "true", "conversion_requests_stagechange": "number = 1"}
WRITTEN_BY_PROCESSING = {
    "conversions_decision": "request_id is not null",
    "conversions_conversion": "id in (select conversion_id from conversions_decision where request_id is not null)",
    "conversions_change": "way = 'request'",
    "tracking_conversion_event": "source like 'request %'",
    "ledger_entry": "number > {entries}",
    "ledger_posting": "entry > {entries}",
    "conversion_requests_request": "stage = 'processed'",
    "conversion_requests_stagechange": "stage = 'processed'",
}
"""Table → which of its rows."""


def wanted(size: int) -> pl.DataFrame:
    """What is asked for (`frames.WANTED`), from the conversions that are there."""
    from accredit.conversion_requests.frames import WANTED
    from accredit.conversions.models import Conversion, CreditedTo

    fields = ("order_token", "partner", "turnover_minor", "status", "occurred_at", "customer_status")
    own = Conversion.objects.filter(credited_to=CreditedTo.PARTNER, turnover_minor__gt=0).order_by("id")
    rows = list(own.values_list(*fields)[: size // 2])
    partners = sorted({partner for _, partner, *_ in rows})
    found: list[dict[str, object]] = []
    for place, (order, partner, turnover, status, occurred_at, customer) in enumerate(rows):
        named = {"order_token": order, "partner": partner, "kind": "change"}
        match place % 4:
            case 0:
                found.append({**named, "turnover_minor": turnover + 100})
            case 1:
                found.append({**named, "customer_status": "Existing" if customer == "New" else "New"})
            case 2 if status == "open":
                found.append({**named, "status": "approved"})
            case 2:
                found.append({**named, "status": "rejected", "rejection_reason": "returned"})
            case 3:
                other = partners[(partners.index(partner) + 1) % len(partners)]
                said = {"occurred_at": occurred_at, "turnover_minor": turnover, "currency": "EUR"}
                found.append({**named, **said, "kind": "create", "partner": other})
        new = {"kind": "create", "partner": partner, "order_token": f"new-{place}", "sub_id1": f"member-{place}"}
        found.append({**new, "occurred_at": occurred_at, "turnover_minor": turnover, "currency": "EUR"})
    numbered = [{"row": row, "event_type": "sale", **one} for row, one in enumerate(found)]
    return pl.DataFrame(numbered, schema=dict(WANTED), orient="row")


def raise_all(size: int) -> float:
    """Raise so many requests; the seconds that it took."""
    from accredit.access.models import User
    from accredit.conversion_requests.raising import raise_requests
    from accredit.conversion_requests.ruling import change_rules
    from accredit.conversions.history import Actor
    from accredit.conversions.models import Way
    from accredit.programs.models import Program
    from accredit.programs.visibility import Viewpoint

    program, user, now = Program.objects.get(), User.objects.create_user("asks@example.org"), datetime.now(UTC)
    change_rules(
        program, period_days=36_500, own_decisions=True, accept_after_days=None, accept_up_to_minor=None,
        user=None, now=now,
    )  # fmt: skip
    asked = wanted(size)
    with timed() as raising:
        raised = raise_requests(Viewpoint(program, None), asked, actor=Actor(Way.PAGE, user.id), now=now)
    assert len(raised.new) == len(asked) == size
    return raising.seconds


def accept_all() -> float:
    """Accept everything; the seconds that it took."""
    from accredit.access.models import User
    from accredit.conversion_requests.deciding import BATCH_REQUESTS, decide
    from accredit.conversion_requests.frames import ASKED
    from accredit.conversion_requests.models import Request
    from accredit.conversions.history import Actor
    from accredit.conversions.models import Way
    from accredit.programs.models import Program

    rows = [
        {"id": str(key), "changes": changes, "verdict": "accepted"}
        for key, changes in Request.objects.order_by("number").values_list("id", "changes")
    ]
    asked = pl.DataFrame(rows, schema=dict(ASKED), orient="row")
    actor = Actor(Way.PAGE, User.objects.get().id)
    with timed() as accepting:
        for batch in asked.iter_slices(BATCH_REQUESTS):
            moved = decide(Program.objects.get(), batch, actor=actor, now=datetime.now(UTC))
            assert moved.undone.is_empty()
    return accepting.seconds


def look_at(size: int) -> float:
    """What would come of so many; the seconds that it took."""
    from accredit.conversion_requests.deciding import impact
    from accredit.conversion_requests.models import Request
    from accredit.programs.models import Program

    ids = list(Request.objects.order_by("number").values_list("id", flat=True)[:size])
    with timed() as looking:
        rows = impact(Program.objects.get(), ids).rows
    assert rows["why"].null_count() == size
    return looking.seconds


def process_all(size: int) -> float:
    """Process what is accepted; the seconds that it took."""
    from accredit.conversion_requests.processing import Processed, process_next
    from accredit.programs.models import Program

    total, program = Processed(), Program.objects.get()
    with timed() as processing:
        while done := process_next(program, now=datetime.now(UTC) + timedelta(seconds=1)):
            total += done
    assert (total.done, total.failed) == (size, 0)
    return processing.seconds


def write_again(owner: psycopg.Connection, tables: dict[str, str], **facts: int) -> float:
    """The yardstick: the seconds in which SQL writes these rows once more."""
    for table in tables:
        owner.execute(f"create table bare_{table} (like {table} including all)".encode())
    owner.execute("checkpoint")
    with timed() as bare:
        for table, which in tables.items():
            query = f"insert into bare_{table} select * from {table} where {which.format(**facts)}"
            owner.execute(query.encode())
    for table in tables:
        owner.execute(f"drop table bare_{table}".encode())
    return bare.seconds


def measure(installed: Installation, size: int) -> None:
    """Print the figures of one size."""
    from accredit.conversions.checking import check_ledger
    from accredit.programs.models import Program, RejectionReason
    from bench.validating import validate

    folder = installed.state / "files"
    folder.mkdir()
    write_inputs(folder, size, size)
    installed.run("program", "apply", str(folder / "program.toml"))
    installed.run("load", "--program=bench", f"--clicks={folder / 'clicks.csv'}", f"--orders={folder / 'orders.csv'}")
    validate(size // 4, status="approved")
    RejectionReason.objects.create(
        program=Program.objects.get(), code="returned", title_de="Zurückgesandt", title_en="Returned"
    )
    with psycopg.connect(installed.url(embedded.ADMINISTRATOR), autocommit=True) as owner:
        owner.execute("vacuum analyze")
        owner.execute("checkpoint")
        raised = raise_all(size)
        bare = write_again(owner, WRITTEN_BY_RAISING)
        name = f"raise {size:,} requests"
        Report(name, raised, RAISED_SECONDS, raised / RAISED_SECONDS, "<= 1", peak_mb()).show()
        Report("  beside bare SQL of the same rows", raised, bare, raised / bare).show()
        Report("impact of 5,000 requests", look_at(5_000)).show()
        Report(f"accept {size:,} requests", accept_all()).show()
        (entries,) = owner.execute("select count(*) from ledger_entry").fetchall()[0]
        owner.execute("checkpoint")
        processed = process_all(size)
        bare = write_again(owner, WRITTEN_BY_PROCESSING, entries=entries)
        assert check_ledger(Program.objects.get()).is_empty()
        rate = size / processed
        name = f"process {size:,} requests, a second"
        Report(name, rate, PROCESSED_A_SECOND, rate / PROCESSED_A_SECOND, ">= 1", peak_mb(), unit="/s").show()
        Report("  beside bare SQL of the same rows", processed, bare, processed / bare).show()


def main(large: bool) -> None:
    """The figures of one size, on an empty database."""
    with installation(with_django=True) as installed:
        measure(installed, LARGE if large else SIZE)
