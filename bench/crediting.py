"""Crediting, beside the bare hand-written query that finds only the last click by credit group.

The yardstick joins clicks and conversions by visitor, drops clicks after the conversion and takes the best by credit
group and time: no windows, periods, ties, codes, click ids or reasons. It runs on the same frames, in Polars (the
fastest of the forms that were tried) and in DuckDB.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path

import duckdb
import polars as pl

from accredit.engine.crediting import credit
from bench.journeys import PARTNERS, Journeys, journeys
from bench.report import Report, peak_mb, timed

SIZES = (100_000, 1_000_000)
LARGE = (1_000_000, 10_000_000)
GROUPS = pl.DataFrame(
    {"partner": [f"partner-{n:03}" for n in range(PARTNERS)], "place": [n % 3 for n in range(PARTNERS)]}
)


def bare_polars(data: Journeys) -> pl.DataFrame:
    """Conversion, click id and partner of the last click of the highest credit group."""
    ranked = data.clicks.lazy().select(
        "visitor_id", "clicked_at", "partner", pl.int_range(pl.len(), dtype=pl.UInt32).alias("row")
    ).join(GROUPS.lazy(), on="partner", how="left").select(
        "visitor_id", "clicked_at", "row", key=(3 - pl.col("place")) * 2**52 + pl.col("clicked_at").to_physical()
    )  # fmt: skip
    won = (
        data.conversions.lazy()
        .select("visitor_id", "occurred_at", conversion=pl.int_range(pl.len(), dtype=pl.UInt32))
        .join(ranked, on="visitor_id")
        .filter(pl.col("clicked_at") <= pl.col("occurred_at"))
        .group_by("conversion")
        .agg(pl.col("row").max_by("key"))
        .collect(engine="streaming")
    )
    return won.with_columns(
        data.clicks.get_column(name).gather(won.get_column("row")) for name in ("click_id", "partner")
    )


DUCKDB = """
    select conversions.rowid, arg_max((clicks.click_id, clicks.partner), (-place, clicked_at))
    from conversions join clicks using (visitor_id) left join places on places.partner = clicks.partner
    where clicked_at <= occurred_at
    group by 1
"""


def bare_duckdb(data: Journeys) -> Callable[[], object]:
    """The same in DuckDB on its own tables; answers a function that runs it."""
    database = duckdb.connect()
    with tempfile.TemporaryDirectory() as folder:
        for name, frame in (("clicks", data.clicks), ("conversions", data.conversions), ("places", GROUPS)):
            file = Path(folder) / f"{name}.parquet"
            frame.write_parquet(file)
            database.execute(f"create table {name} as from '{file}'")
    return lambda: database.execute(f"create or replace temp table won as {DUCKDB}")


def best(times: int, *runs: Callable[[], object]) -> list[float]:
    """The least seconds of each run; the runs take turns, so that a busy moment hits all alike."""
    seconds = [float("inf")] * len(runs)
    for _ in range(times):
        for place, run in enumerate(runs):
            with timed() as timer:
                run()
            seconds[place] = min(seconds[place], timer.seconds)
    return seconds


def measure(clicks: int) -> tuple[float, float]:
    """Print the figures of one size; answers the seconds of the engine and of the bare query."""
    by_visitor = journeys(clicks, click_ids=False, codes=False)
    polars, duck, plain, explained = best(
        3,
        lambda: bare_polars(by_visitor),
        bare_duckdb(by_visitor),
        lambda: credit(by_visitor.program, by_visitor.conversions, by_visitor.clicks, explain=False),
        lambda: credit(by_visitor.program, by_visitor.conversions, by_visitor.clicks),
    )
    mixed = journeys(clicks, click_ids=True, codes=True)
    (coded,) = best(3, lambda: credit(mixed.program, mixed.conversions, mixed.clicks, explain=False))
    size = f"{clicks:,} clicks"
    Report(f"credit {size}, visitor ids", plain, polars, polars / plain, ">= 0.6", peak_mb()).show()
    Report(f"credit {size}, visitor ids, DuckDB", plain, duck, duck / plain, ">= 0.6", peak_mb()).show()
    Report(f"credit {size}, click ids and codes", coded, polars, polars / coded, ">= 0.3", peak_mb()).show()
    Report(f"credit {size}, with explanations", explained, polars, polars / explained, ">= 0.15", peak_mb()).show()
    return plain, polars


def main(large: bool) -> None:
    """Print the figures of every size, and how the cost of a row grows from the smallest to the largest."""
    sizes = LARGE if large else SIZES
    seconds = [measure(clicks) for clicks in sizes]
    rows = sizes[-1] / sizes[0]
    engine, bare = (100 * (last / first / rows - 1) for first, last in zip(seconds[0], seconds[-1], strict=True))
    name = f"credit, cost of a row, {sizes[0]:,} to {sizes[-1]:,}: points more than bare"
    Report(name, engine, bare, engine - bare, "<= 15", unit="%").show()
