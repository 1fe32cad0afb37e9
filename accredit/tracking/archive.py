"""The archive: old days of the click log as Parquet files, from which they are dropped in the log.

A day's file is whole before the day leaves the log, and takes up what comes for that day later. Whoever writes files
holds the archive's lock, so that a visitor who is erased is gone from log and files.
"""

import os
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Max
from psycopg import sql

from accredit.database.copy import INSTANT_FORMAT
from accredit.engine.frames import CLICKS, INSTANT, TEXT
from accredit.programs.models import Channel, ChannelPeriod, ContractPeriod, Program

COLUMNS = {"program_id": TEXT, "id": TEXT, **CLICKS, "browser": TEXT, "address_hash": pl.Int64()}
DROP = "select tracking_drop_clicks(%s, %s)"
FORGET = ("delete from tracking_visited_day where day = %s", "delete from tracking_visit where day = %s")
_ORDER = ("visitor_id", "clicked_at", "id")
"""Of rows in a file: of one visitor they lie together, as in the log."""


class ArchiveIncomplete(RuntimeError):
    """A file was written and does not hold what it should. Nothing was dropped."""


def kept_days() -> int:
    """For how many days clicks stay in the log: the longest referral window of a program and the days that it, or else
    the installation, keeps them beyond; the most of all programs."""
    windows: dict[object, int] = {}
    for model, program in (
        (Program, "id"),
        (Channel, "program"),
        (ChannelPeriod, "channel__program"),
        (ContractPeriod, "contract__partner__program"),
    ):
        longest = model._default_manager.values(program).annotate(days=Max("referral_window_days"))
        for key, days in longest.order_by().values_list(program, "days"):
            windows[key] = max(windows.get(key, 0), days)
    kept = Program.objects.values_list("id", "retention_days")
    return max(
        (windows[key] + (settings.CLICK_DAYS if days is None else days) for key, days in kept),
        default=settings.CLICK_DAYS,
    )


def archive_old_clicks(today: date) -> Iterator[tuple[date, int]]:
    """Move all days (UTC) out of the log whose time is over; each with the number of its clicks, once it is done."""
    last = today - timedelta(days=kept_days())
    for day in days_in_log():
        if day < last:
            yield day, archive_day(day)


def days_in_log() -> Sequence[date]:
    """The days (UTC) of which the log has partitions."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select to_date(right(inhrelid::regclass::text, 8), 'YYYYMMDD') from pg_inherits"
            " where inhparent = 'tracking_click'::regclass order by 1"
        )
        return [day for (day,) in cursor.fetchall()]


def archive_day(day: date) -> int:
    """Move the clicks of a day from the log into its file, and drop their partition; how many they are. A crash leaves
    the day in the log, and does no harm when this is done again. Raises IntegrityError where clicks come meanwhile,
    and ArchiveIncomplete."""
    with transaction.atomic():
        lock_archive()
        partial = file_of(day).with_suffix(".csv.partial")
        partial.parent.mkdir(parents=True, exist_ok=True)
        try:
            clicks = _copy_out(day, partial)
            if clicks:
                _write_day(day, _read_csv(partial))
        finally:
            partial.unlink(missing_ok=True)
        with connection.cursor() as cursor:
            cursor.execute(DROP, [day, clicks])
            for forget in FORGET:
                cursor.execute(forget, [day])
    return clicks


def lock_archive() -> None:
    """Hold all files of the archive until the end of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtextextended('click archive', 0))")


def file_of(day: date) -> Path:
    """The file in which the clicks of a day are, or would be."""
    return Path(settings.ARCHIVE_FOLDER) / "clicks" / f"{day}.parquet"


def files() -> list[Path]:
    """All files of clicks, by day."""
    return sorted((Path(settings.ARCHIVE_FOLDER) / "clicks").glob("????-??-??.parquet"))


def archived() -> pl.LazyFrame:
    """All clicks of the archive (COLUMNS)."""
    there = files()
    return pl.scan_parquet(there, schema=dict(COLUMNS)) if there else pl.LazyFrame(schema=dict(COLUMNS))


def write(file: Path, clicks: pl.LazyFrame) -> None:
    """Have these clicks (COLUMNS), and no others, in a file: all of it or as it was, whatever happens. The file is
    removed where there are none."""
    partial = file.with_suffix(".parquet.partial")
    clicks.sort(_ORDER).sink_parquet(partial)
    with partial.open("rb") as written:
        os.fsync(written.fileno())
    if pl.scan_parquet(partial).select(pl.len()).collect().item():
        partial.replace(file)
    else:
        partial.unlink()
        file.unlink(missing_ok=True)
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _copy_out(day: date, to: Path) -> int:
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    query = sql.SQL(
        "copy (select {} from tracking_click where clicked_at >= {} and clicked_at < {}) to stdout (format csv)"
    )
    columns = sql.SQL(", ").join(map(sql.Identifier, COLUMNS))
    with to.open("wb") as file, connection.cursor() as cursor:
        with cursor.copy(query.format(columns, start, start + timedelta(days=1))) as copy:
            for block in copy:
                file.write(block)
        return int(cursor.rowcount)


def _read_csv(file: Path) -> pl.LazyFrame:
    texts = {name: TEXT if dtype == INSTANT else dtype for name, dtype in COLUMNS.items()}
    at = pl.col("clicked_at").str.to_datetime(INSTANT_FORMAT, time_unit="us", time_zone="UTC")
    return pl.scan_csv(file, has_header=False, schema=texts).with_columns(at)


def _write_day(day: date, came: pl.LazyFrame) -> None:
    file = file_of(day)
    there = pl.scan_parquet(file) if file.exists() else pl.LazyFrame(schema=dict(COLUMNS))
    write(file, pl.concat([there.join(came.select("id"), on="id", how="anti"), came]))
    missing = came.select("id").join(pl.scan_parquet(file).select("id"), on="id", how="anti")
    if not missing.collect().is_empty():
        raise ArchiveIncomplete(f"{file} does not hold all that was written to it: the day {day} stays in the log")
