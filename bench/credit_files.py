"""`accredit credit` from CSV to CSV, beside Polars reading the same files, parsing them to the same types and writing
the result's columns. Both are processes of their own, from their start to their end."""

import argparse
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import polars as pl

from accredit.files import write_program
from accredit.files.results import INSTANT_FORMAT, RESULT_COLUMNS
from bench.journeys import benchmark_program, journeys
from bench.report import Report, timed

SIZES = ((250_000, 1_000_000), (1_000_000, 4_000_000))
LARGE = ((2_500_000, 10_000_000),)
REPEATS = 3


def write_inputs(folder: Path, orders: int, clicks: int) -> None:
    """program.toml, clicks.csv and orders.csv: there are as many visitors as orders, and every order follows a click of
    its visitor by up to ten days. A journey has about five clicks."""
    (folder / "program.toml").write_text(write_program(benchmark_program()))
    visitor = pl.int_range(clicks, dtype=pl.UInt64).hash(9) % orders
    log = journeys(clicks, click_ids=False, codes=False).clicks.with_columns(
        visitor_id=pl.format("visitor-{}", 10_000_000_000 + visitor)
    )
    number = pl.int_range(orders, dtype=pl.UInt64)
    cents = (number.hash(3) % 50_000).cast(pl.Int64)
    after = pl.duration(microseconds=(number.hash(2) % 864_000_000_000).cast(pl.Int64))
    log.gather(pl.select(number.hash(1) % clicks).to_series()).select(
        event_type=pl.lit("sale"),
        order_token=pl.format("o{}", 10_000_000 + number),
        occurred_at=pl.col("clicked_at") + after,
        visitor_id="visitor_id",
        promo_code=pl.when(number.hash(4) % 10 == 0).then(pl.format("SAVE{}", 10 + number.hash(5) % 60)),
        customer_status=pl.when(number.hash(6) % 3 == 0).then(pl.lit("New")).otherwise(pl.lit("Existing")),
        category=pl.format("category-{}", number.hash(7) % 40),
        currency=pl.lit("EUR"),
        turnover=pl.format("{}.{}", cents // 100, (cents % 100).cast(pl.String).str.zfill(2)),
    ).write_csv(folder / "orders.csv", datetime_format=INSTANT_FORMAT)
    filled = [name for name in log.columns if log[name].null_count() < log.height]
    log.select(filled).write_csv(folder / "clicks.csv", datetime_format=INSTANT_FORMAT)


def bare(folder: Path) -> None:
    """What the yardstick does."""
    pl.scan_csv(folder / "clicks.csv", infer_schema=False).with_columns(
        pl.col("clicked_at").str.to_datetime("%+", time_unit="us", time_zone="UTC")
    ).collect()
    orders = (
        pl.scan_csv(folder / "orders.csv", infer_schema=False)
        .with_columns(
            pl.col("occurred_at").str.to_datetime("%+", time_unit="us", time_zone="UTC"),
            pl.col("turnover").cast(pl.Decimal(38, 2)),
        )
        .collect()
    )
    texts = ("partner", "partner-042", "c123456789x1234567", "last_click", "preferred", "standard", "Standard 10 %")
    columns = ("credited_to", "partner", "click_id", "reason", "credit_group", "terms", "model")
    made = [pl.lit(text).alias(column) for text, column in zip(texts, columns, strict=True)]
    orders.with_columns(
        *made, pl.lit(None).alias("channel"), pl.lit(None).alias("adjustments"), pl.lit(None).alias("restriction"),
        pl.lit(1).alias("terms_version"), pl.lit("open").alias("status"), commission="turnover",
    ).select(RESULT_COLUMNS).write_csv(folder / "bare.csv", datetime_format=INSTANT_FORMAT)  # fmt: skip


def measure(orders: int, clicks: int) -> None:
    """Print the figures of one size."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_inputs(folder, orders, clicks)
        accredit = [sys.executable, "-c", "from accredit.cli import app; app()", "credit"]
        for option in ("program", "clicks", "orders", "out"):
            accredit += [f"--{option}", str(folder / f"{option}{'.toml' if option == 'program' else '.csv'}")]
        explained = [*accredit, "--explain", str(folder / "explain.csv")]
        yardstick = [sys.executable, "-m", "bench.credit_files", "--bare", name]
        seconds = [float("inf")] * 3
        for _ in range(REPEATS):
            for place, command in enumerate((yardstick, accredit, explained)):
                with timed() as timer:
                    subprocess.run(command, check=True)
                seconds[place] = min(seconds[place], timer.seconds)
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    size = f"{orders:,} orders, {clicks:,} clicks"
    ratio = seconds[1] / seconds[0]
    Report(f"accredit credit, CSV to CSV, {size}", seconds[1], seconds[0], ratio, "<= 2.5", peak).show()
    Report(f"accredit credit --explain, {size}", seconds[2], seconds[0], seconds[2] / seconds[0]).show()


def main(large: bool = False, sizes: tuple[tuple[int, int], ...] = SIZES) -> None:
    """Print the figures of every size."""
    for orders, clicks in LARGE if large else sizes:
        measure(orders, clicks)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="accredit credit beside bare Polars")
    parser.add_argument("--orders", type=int, default=1_000_000)
    parser.add_argument("--clicks", type=int, default=4_000_000)
    parser.add_argument("--bare", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.bare:
        bare(arguments.bare)
    else:
        main(sizes=((arguments.orders, arguments.clicks),))
