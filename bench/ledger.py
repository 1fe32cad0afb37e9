"""Posting to the ledger in batches, beside a bare COPY of the rows that this wrote into the same tables; and balances
since the latest closing, beside the sum of everything.

All on the embedded server with its durability; a batch is a transaction, and the bare COPY is one for each table.
"""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import polars as pl
import psycopg

from accredit.database import embedded
from bench.installation import empty, installation
from bench.report import Report, peak_mb, timed

SIZE, LARGE = 50_000, 1_000_000
BATCH = 5_000
SINGLE = 100
PARTNERS = 500
START = datetime(2026, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 5, 1, tzinfo=UTC)
TABLES = ("ledger_account", "ledger_entry", "ledger_posting")
SUM = """
select account, sum(amount_minor) from (
    select to_account, amount_minor from ledger_posting where program_id = %(program)s
    union all
    select from_account, -amount_minor from ledger_posting where program_id = %(program)s
) moved(account, amount_minor) group by account
"""


def approvals(first: int, rows: int, size: int) -> pl.DataFrame:
    """Approvals of one commission each, spread evenly over 120 days."""
    number = pl.int_range(first, first + rows)
    return pl.select(
        key=pl.format("approval of {}", number),
        occurred_at=pl.lit(START) + number * pl.lit(timedelta(days=120) / size),
        kind=pl.lit("approval"),
        cause=pl.format("cv_{} 1", number),
        currency=pl.lit("EUR"),
        from_kind=pl.lit("advertiser_owes"),
        from_partner=pl.lit(None, pl.String),
        to_kind=pl.lit("partner_earned"),
        to_partner=pl.format("partner-{}", number * 7919 % PARTNERS),
        amount_minor=1 + number % 5_000,
    )


def measure(owner: psycopg.Connection, size: int, folder: Path) -> None:
    """Print the figures of one size."""
    from accredit.ledger.operations import post

    program_id = uuid4()
    batches = [approvals(first, BATCH, size) for first in range(0, size, BATCH)]
    owner.execute("checkpoint")
    with timed() as posting:
        for batch in batches:
            post(program_id, batch, now=NOW)
    rate = size / posting.seconds
    for table in TABLES:
        out = f"copy {table} ({columns(owner, table)}) to stdout (format csv)"
        with (folder / table).open("wb") as file, owner.cursor() as cursor, cursor.copy(out.encode()) as copy:
            for block in copy:
                file.write(block)
    empty(owner, TABLES)
    owner.execute("checkpoint")
    with timed() as bare:
        for table in TABLES:
            back = f"copy {table} ({columns(owner, table)}) from stdin (format csv)"
            with owner.cursor() as cursor, cursor.copy(back.encode()) as copy:
                copy.write((folder / table).read_bytes())
    ratio = bare.seconds / posting.seconds
    Report(
        f"post {size:,} entries in batches of {BATCH:,}", posting.seconds, bare.seconds, ratio, ">= 0.25", peak_mb()
    ).show()
    Report("  entries a second", rate, size / bare.seconds, ratio, unit="/s").show()
    again(program_id, batches[0])
    single(program_id, size)
    checked(program_id)
    closed(owner, program_id)


def columns(owner: psycopg.Connection, table: str) -> str:
    """The columns of a table, without those that are worked out."""
    rows = owner.execute(
        "select column_name from information_schema.columns where table_name = %s and is_generated = 'NEVER'", [table]
    )
    return ", ".join(name for (name,) in rows)


def again(program_id: UUID, batch: pl.DataFrame) -> None:
    """A batch that is posted already."""
    from accredit.ledger.operations import post

    with timed() as timer:
        post(program_id, batch, now=NOW)
    Report(f"  {BATCH:,} entries once more, which changes nothing", timer.seconds).show()


def checked(program_id: UUID) -> None:
    """Every rule, over all that is posted, before the tables have statistics."""
    from accredit.ledger.checks import check

    with timed() as timer:
        assert check(program_id).is_empty()
    Report("  the proof that all of it is right", timer.seconds).show()


def single(program_id: UUID, size: int) -> None:
    """One entry at a time, each a transaction."""
    from accredit.ledger.operations import post

    with timed() as timer:
        for number in range(SINGLE):
            one = approvals(size + number, 1, size).with_columns(occurred_at=pl.lit(NOW))
            post(program_id, one, now=NOW)
    Report("  one entry in a transaction of its own", timer.seconds / SINGLE).show()


def closed(owner: psycopg.Connection, program_id: UUID) -> None:
    """Balances once all months but the last are closed."""
    from accredit.ledger.operations import close_month
    from accredit.ledger.queries import balances

    for month in (1, 2, 3):
        with timed() as closing:
            close_month(program_id, date(2026, month, 1), now=NOW)
    Report("  closing a month", closing.seconds).show()
    owner.execute(f"vacuum analyze {', '.join(TABLES)}, ledger_month, ledger_closing")
    with timed() as summing:
        owner.execute(SUM, {"program": program_id}).fetchall()
    with timed() as asking:
        balances(program_id)
    Report("  all balances, beside the sum of all postings", asking.seconds, summing.seconds).show()
    with timed() as one:
        balances(program_id, partner="partner-7")
    Report("  the balances of one partner", one.seconds).show()


def main(large: bool) -> None:
    """The figures of one size, on an empty database."""
    with (
        installation(with_django=True) as installed,
        psycopg.connect(installed.url(embedded.ADMINISTRATOR), autocommit=True) as owner,
    ):
        measure(owner, LARGE if large else SIZE, installed.state)
