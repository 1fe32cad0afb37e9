"""From the intake to booked: orders go into the database as the tracker puts them in, and `accredit worker` beside it,
over a log of clicks that is spread over 400 days.

First as many orders as the worker can take, from the first that comes in to the last that is booked, beside a bare COPY
of the rows that were booked into tables with the same indexes; then 500 a second for a while: how long after its
commit an order is there to be seen. What this leaves out: the tracker's HTTP and its checks, which `bench.receiving`
measures, and the page of the list, which the browser test of the demo's shop waits for.
"""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from statistics import quantiles
from uuid import UUID

import polars as pl
import psycopg

from accredit.database import embedded
from accredit.database.new_keys import keys_at
from accredit.engine.frames import CONVERSIONS, ITEMS
from accredit.files import write_program
from bench.installation import Installation, installation
from bench.journeys import benchmark_program
from bench.load import ITEMS_PER_ORDER
from bench.report import Report, timed

CLICKS, LARGE = 1_000_000, 10_000_000
DAYS = 400
CLICKS_PER_VISITOR = 5
ORDERS, GROUP = 60_000, 200
RATE, SECONDS, RATE_GROUP = 500, 15, 10
BOOKED_SECONDS = 600
FILL = """
insert into tracking_click (program_id, visitor_id, clicked_at, id, click_id, partner, device, sub_id1)
select %(program)s, 'vi_' || lpad((random() * %(visitors)s)::int::text, 26, '0'),
    %(day)s::timestamptz + n * interval '1 day' / (%(clicks)s + 1), gen_random_uuid(),
    'ck_' || left(md5(random()::text), 26), 'partner-' || lpad((n %% 50)::text, 3, '0'), 'mobile', 'blog'
from generate_series(1, %(clicks)s) n
"""
COLUMNS = (
    "id, program_id, program, event_type, order_token, received_at, source, signed, visitor_id, click_id, customer_id,"
    " digest, received"
)
CODE = "bench"
BOOKED_ROWS = (
    ("conversions_conversion", "id"),
    ("conversions_decision", "conversion_id"),
    ("conversions_item", "conversion_id"),
)
"""What booking writes of each order, and by which key its rows begin with the time."""


def fill(owner: psycopg.Connection, program_id: str, clicks: int, today: datetime) -> None:
    """A log of so many clicks, as many every day, with its visits noted as the worker does every hour."""
    days = [today - timedelta(days=back) for back in range(DAYS)]
    for start in range(0, DAYS, 50):
        part = [day.date() for day in days[start : start + 50]]
        owner.execute("select tracking_make_partitions('tracking_click', %s)", [part])
    values = {"program": program_id, "visitors": clicks // CLICKS_PER_VISITOR, "clicks": clicks // DAYS}
    for day in days:
        owner.execute(FILL, {**values, "day": day})
        if day != today:
            owner.execute("select tracking_note_visits(%s)", [day.date()])
    owner.execute("vacuum analyze tracking_click, tracking_visit")


def groups(program_id: str, orders: int, size: int, visitors: int, prefix: str) -> list[str]:
    """Orders in groups, as the lines of a COPY; nine of ten of visitors who are in the log."""
    from accredit.conversions.received import received

    now = datetime.now(UTC)
    number = pl.int_range(orders, dtype=pl.UInt64)
    filled = {
        "event_type": pl.lit("sale"),
        "order_token": pl.format(f"{prefix}{{}}", number),
        "occurred_at": pl.lit(now).cast(CONVERSIONS["occurred_at"]),
        "visitor_id": pl.format("vi_{}", (number.hash(1) % (visitors * 10 // 9)).cast(pl.String).str.zfill(26)),
        "currency": pl.lit("EUR"),
        "turnover_minor": (number.hash(3) % 50_000).cast(pl.Int64),
        "customer_status_word": pl.when(number.hash(6) % 3 == 0).then(pl.lit("New")).otherwise(pl.lit("Existing")),
        "country": pl.lit("DE"),
    }
    placed = pl.select([filled.get(name, pl.lit(None)).cast(dtype).alias(name) for name, dtype in CONVERSIONS.items()])
    line = pl.int_range(orders * ITEMS_PER_ORDER, dtype=pl.UInt32)
    items = pl.select(
        conversion=line // ITEMS_PER_ORDER,
        item_id=pl.format("line-{}", line % ITEMS_PER_ORDER),
        quantity=pl.lit(1, ITEMS["quantity"]),
        turnover_minor=pl.lit(1000, ITEMS["turnover_minor"]),
        sku=pl.format("sku-{}", line % 997),
        category=pl.format("category-{}", line % 40),
    )
    said = received(placed, items)
    rows = placed.select(
        keys_at(now, orders),
        pl.lit(program_id).alias("program_id"),
        pl.lit(CODE).alias("program"),
        "event_type",
        "order_token",
        pl.lit(now).alias("received_at"),
        pl.lit("post").alias("source"),
        pl.lit(True).alias("signed"),
        "visitor_id",
        "click_id",
        "customer_id",
        said["digest"],
        said["received"],
    )
    return [rows[start : start + size].write_csv(include_header=False) for start in range(0, orders, size)]


def take_in(connection: psycopg.Connection, lines: str) -> None:
    """One group, as the tracker writes it."""
    with connection.transaction(), connection.cursor() as cursor:
        with cursor.copy(f"copy tracking_incoming ({COLUMNS}) from stdin (format csv)".encode()) as copy:
            copy.write(lines)
        cursor.execute("select id, outcome from tracking_receive(true)")


@contextmanager
def working() -> Iterator[None]:
    """`accredit worker` for the length of the block."""
    process = subprocess.Popen([sys.executable, "-m", "accredit", "worker"])
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def booked(connection: psycopg.Connection, since: datetime) -> int:
    """How many conversions were booked since, which is in their keys: cheap to ask, so that asking disturbs little."""
    least = UUID(int=int(since.timestamp() * 1000) << 80)
    query = "select count(*) from conversions_conversion, programs_program program"
    row = connection.execute(query + " where program_id = program.id and conversions_conversion.id >= %s", [least])
    return int(row.fetchall()[0][0])


def wait_for(connection: psycopg.Connection, conversions: int, since: datetime) -> None:
    deadline = time.monotonic() + BOOKED_SECONDS
    while (there := booked(connection, since)) < conversions:
        assert time.monotonic() < deadline, f"{there} of {conversions} booked"
        time.sleep(0.05)


def sustained(
    connection: psycopg.Connection, owner: psycopg.Connection, lines: list[str], conversions: int, name: str
) -> None:
    """As much as goes in and through."""
    since = datetime.now(UTC)
    with timed() as whole:
        for group in lines:
            take_in(connection, group)
        wait_for(connection, conversions, since)
    rate = conversions / whole.seconds
    Report(f"{name}: intake to booked, a second", rate, 3000, rate / 3000, ">= 1", unit="/s").show()
    bare = conversions / copied_bare(owner, since)
    Report("  beside a bare COPY of the rows that were booked", rate, bare, rate / bare, unit="/s").show()


def copied_bare(owner: psycopg.Connection, since: datetime) -> float:
    """In how many seconds what was booked since is copied into tables with the same columns and indexes."""
    least, seconds = UUID(int=int(since.timestamp() * 1000) << 80), 0.0
    for table, key in BOOKED_ROWS:
        owner.execute(f"create table bare (like {table} including all)".encode())
        with (
            owner.cursor() as cursor,
            cursor.copy(f"copy (select * from {table} where {key} >= '{least}') to stdout".encode()) as rows,
        ):
            blocks = [bytes(block) for block in rows]
        with timed() as copying, owner.cursor() as cursor, cursor.copy(b"copy bare from stdin") as bare:
            for block in blocks:
                bare.write(block)
        seconds += copying.seconds
        owner.execute("drop table bare")
    return seconds


def visible(connection: psycopg.Connection, lines: list[str], name: str) -> None:
    """A steady stream; every order is looked for until it is there."""
    since = datetime.now(UTC)
    came: list[float] = []
    seen: list[float] = []
    start = time.monotonic()
    while len(seen) < len(lines):
        if len(came) < len(lines) and time.monotonic() >= start + len(came) * RATE_GROUP / RATE:
            take_in(connection, lines[len(came)])
            came.append(time.monotonic())
        else:
            time.sleep(0.002)
        if len(came) % 5 == 0 or len(came) == len(lines):
            there = booked(connection, since) // RATE_GROUP
            seen += [time.monotonic()] * (there - len(seen))
        assert time.monotonic() < start + BOOKED_SECONDS
    p99 = quantiles((at - since for at, since in zip(seen, came, strict=True)), n=100)[-1]
    Report(f"{name}: time to visible at {RATE} a second, p99", p99, 2.0, p99 / 2.0, "< 1").show()


def measure(installed: Installation, clicks: int) -> None:
    """Print the figures of one size."""
    installed.apply(write_program(benchmark_program()))
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    with (
        psycopg.connect(installed.url(embedded.OWNER), autocommit=True) as owner,
        psycopg.connect(installed.url(), autocommit=True) as tracker,
    ):
        found = owner.execute("select id::text from programs_program").fetchone()
        assert found
        fill(owner, found[0], clicks, today)
        # As after days of clicks: what follows the filling of 10⁷ rows at once is no part of booking.
        with psycopg.connect(installed.url(embedded.ADMINISTRATOR), autocommit=True) as administrator:
            administrator.execute("checkpoint")
        owner.execute("select tracking_make_partitions('tracking_conversion_event', %s)", [[today.date()]])
        tracker.execute("select tracking_make_incoming()")
        visitors = clicks // CLICKS_PER_VISITOR
        name = f"{clicks:,} clicks in the log"
        began = datetime.now(UTC)
        with working():
            for lines in groups(found[0], 20, 10, visitors, "first"):
                take_in(tracker, lines)
            wait_for(owner, 20, began)
            sustained(tracker, owner, groups(found[0], ORDERS, GROUP, visitors, "many"), ORDERS, name)
            visible(tracker, groups(found[0], RATE * SECONDS, RATE_GROUP, visitors, "steady"), name)


def main(large: bool) -> None:
    """The figures of one size, on an empty database."""
    with installation() as installed:
        measure(installed, LARGE if large else CLICKS)
