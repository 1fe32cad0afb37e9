"""`accredit load` from CSV into the database, beside a bare COPY of the rows that it wrote into the same tables.

Both on the embedded server with all its durability; the load is a process of its own, from its start to its end.
"""

import resource
from pathlib import Path

import polars as pl
import psycopg

from accredit.database import embedded
from bench.credit_files import write_inputs
from bench.installation import Installation, empty, installation
from bench.report import Report, timed

SIZES = (200_000,)
LARGE = (1_000_000,)
CLICKS_PER_ORDER = 4
ITEMS_PER_ORDER = 2
TABLES = (
    "tracking_click",
    "tracking_foreign_click",
    "tracking_conversion_event",
    "conversions_rate",
    "conversions_conversion",
    "conversions_decision",
    "conversions_item",
)
"""What a load writes, in an order in which each refers to earlier ones only."""
BLOCK_BYTES = 1 << 20


def write_items(folder: Path) -> None:
    """items.csv: the lines of each order."""
    orders = pl.read_csv(folder / "orders.csv", columns=["order_token"])
    line = pl.int_range(pl.len()) % ITEMS_PER_ORDER
    pl.concat([orders] * ITEMS_PER_ORDER).sort("order_token").select(
        "order_token",
        item_id=pl.format("line-{}", line),
        quantity=1 + line,
        turnover=pl.format("{}.99", 10 + line),
        sku=pl.format("sku-{}", pl.int_range(pl.len()) % 997),
        category=pl.format("category-{}", pl.int_range(pl.len()) % 40),
    ).write_csv(folder / "items.csv")


def copy_out(owner: psycopg.Connection, folder: Path) -> int:
    """Write the rows of all tables to files; how many there are."""
    rows = 0
    for table in TABLES:
        with (folder / table).open("wb") as file, owner.cursor() as cursor:
            query = f"copy (select * from {table}) to stdout (format csv)".encode()
            with cursor.copy(query) as copy:
                for block in copy:
                    file.write(block)
            rows += cursor.rowcount
    return rows


def copy_in(owner: psycopg.Connection, folder: Path) -> None:
    """The yardstick: the same rows into the same tables, a transaction each."""
    for table in TABLES:
        query = f"copy {table} from stdin (format csv)".encode()
        with (folder / table).open("rb") as file, owner.cursor() as cursor, cursor.copy(query) as copy:
            while block := file.read(BLOCK_BYTES):
                copy.write(block)


def measure(installed: Installation, orders: int) -> None:
    """Print the figures of one size."""
    folder = installed.state / "files"
    folder.mkdir()
    write_inputs(folder, orders, CLICKS_PER_ORDER * orders)
    write_items(folder)
    installed.run("program", "apply", str(folder / "program.toml"))
    with (
        psycopg.connect(installed.url(embedded.OWNER), autocommit=True) as owner,
        psycopg.connect(installed.url(embedded.ADMINISTRATOR), autocommit=True) as administrator,
    ):
        administrator.execute("checkpoint")
        files = [f"--{name}={folder / name}.csv" for name in ("clicks", "orders", "items")]
        with timed() as load:
            installed.run("load", "--program", "bench", *files)
        peak_mb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
        rows = copy_out(owner, folder)
        empty(owner, TABLES)
        administrator.execute("checkpoint")
        with timed() as bare:
            copy_in(owner, folder)
    name = f"load {orders:,} orders, {CLICKS_PER_ORDER * orders:,} clicks: {rows:,} rows"
    Report(name, load.seconds, bare.seconds, bare.seconds / load.seconds, ">= 0.25", peak_mb).show()


def main(large: bool) -> None:
    """The figures of all sizes, each on an empty database."""
    for orders in LARGE if large else SIZES:
        with installation() as installed:
            measure(installed, orders)
