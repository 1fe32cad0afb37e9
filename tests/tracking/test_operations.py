"""The click log: its partitions, and clicks that are appended once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from threading import Barrier
from uuid import UUID
from zlib import crc32

import polars as pl
import pytest
from django.db import IntegrityError, ProgrammingError, connection

from accredit.tracking.operations import MAX_NEW_DAYS, TooManyDays, append_clicks, click_keys, make_partitions
from accredit.tracking.queries import clicks_of_visitors, journeys
from tests.factories.installing import clicks, install, orders

CLICKS = """
    click | at                | visitor | party
    k1    | T                 | v1      | barb
    k2    | T-12h             | v1      | c:email
    k3    | T-12h-1us         | v2      | ann
    k4    | T+11h+59min       | v3      | ann
"""


def partitions(table: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "select inhrelid::regclass::text from pg_inherits where inhparent = %s::regclass order by 1", [table]
        )
        return [name for (name,) in cursor.fetchall()]


@pytest.mark.django_db
def test_a_click_lies_in_the_partition_of_its_day() -> None:
    append_clicks(install(), clicks(CLICKS))
    with connection.cursor() as cursor:
        cursor.execute("select click_id, tableoid::regclass::text from tracking_click order by click_id")
        assert cursor.fetchall() == [
            ("k1", "tracking_click_20260301"),
            ("k2", "tracking_click_20260301"),
            ("k3", "tracking_click_20260228"),
            ("k4", "tracking_click_20260301"),
        ]
        cursor.execute("select to_regclass('tracking_click_default')")
        assert cursor.fetchone() == (None,)


@pytest.mark.django_db
def test_partitions_that_are_there_are_not_made_again() -> None:
    days = [date(2031, 12, 31), date(2032, 1, 1)]
    for _ in range(2):
        make_partitions("tracking_click", days)
    assert partitions("tracking_click")[-2:] == ["tracking_click_20311231", "tracking_click_20320101"]


@pytest.mark.django_db
def test_only_the_logs_are_partitioned() -> None:
    with pytest.raises(ProgrammingError, match="access_user is not partitioned by day"), connection.cursor() as cursor:
        cursor.execute("select tracking_make_partitions('access_user', '{2026-01-01}')")


@pytest.mark.django_db(transaction=True)
def test_two_sessions_make_the_partitions_of_the_same_days() -> None:
    days = [date(2033, 1, 1) + timedelta(days=n) for n in range(20)]
    together = Barrier(2)

    def one() -> None:
        try:
            together.wait()
            make_partitions("tracking_conversion_event", days)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as threads:
        for future in [threads.submit(one), threads.submit(one)]:
            future.result()
    assert len([name for name in partitions("tracking_conversion_event") if "2033" in name]) == 20


@pytest.mark.django_db
def test_clicks_spread_over_too_many_days_are_refused() -> None:
    log = clicks(CLICKS)
    scattered = pl.concat([log[:1]] * (MAX_NEW_DAYS + 1)).with_columns(
        click_id=pl.int_range(MAX_NEW_DAYS + 1).cast(pl.String),
        clicked_at=datetime(1990, 1, 1, tzinfo=UTC) + pl.duration(days=pl.int_range(MAX_NEW_DAYS + 1)),
    )
    with pytest.raises(TooManyDays, match=f"over {MAX_NEW_DAYS + 1} days from 1990-01-01 to 1994-"):
        append_clicks(install(), scattered.with_columns(pl.col("clicked_at").cast(log.schema["clicked_at"])))


@pytest.mark.django_db
def test_the_id_of_a_click_carries_its_time_and_a_hash_of_its_visitor() -> None:
    append_clicks(install(), clicks(CLICKS))
    with connection.cursor() as cursor:
        cursor.execute("select id, clicked_at, visitor_id from tracking_click")
        found = cursor.fetchall()
    assert len({key for key, _, _ in found}) == 4
    for key, clicked_at, visitor in found:
        assert isinstance(key, UUID)
        assert key.version == 7
        assert key.int >> 80 == int(clicked_at.timestamp() * 1000)
        assert key.int & 0xFFFFFFFF == crc32(visitor.encode())


@pytest.mark.django_db
def test_a_journey_is_that_of_the_visitor_and_of_the_visitor_of_the_click() -> None:
    program = install()
    append_clicks(program, clicks(CLICKS))
    placed = orders("""
        order | at | turnover | visitor | click
        1     | T  | 1.00     | v3      | k3
        2     | T  | 1.00     | v9      | -
        3     | T  | 1.00     | -       | gone
    """)
    found = journeys(program.id, placed).sort("click_id")
    assert found.equals(clicks(CLICKS).filter(pl.col("visitor_id").is_in(["v2", "v3"])).sort("click_id"))
    assert clicks_of_visitors(UUID(int=1), pl.Series(["v1"])).is_empty()


@pytest.mark.django_db
def test_a_click_has_either_a_partner_or_a_channel() -> None:
    both = clicks(CLICKS).with_columns(partner=pl.lit("barb"))
    with pytest.raises(IntegrityError, match="click_of_partner_or_channel"):
        append_clicks(install(), both)


@pytest.mark.django_db
@pytest.mark.parametrize("table", ["tracking_click", "tracking_click_20260301", "tracking_foreign_click"])
def test_a_click_is_never_changed(table: str) -> None:
    append_clicks(install(), clicks(CLICKS))
    with pytest.raises(IntegrityError, match="is append-only"), connection.cursor() as cursor:
        cursor.execute(f"update {table} set visitor_id = 'v9'")


def test_the_same_clicks_get_other_keys_in_another_program() -> None:
    rows = 1_000  # as many in one millisecond by one visitor as nobody clicks
    at = pl.repeat(datetime(2026, 3, 1, tzinfo=UTC), rows, dtype=pl.Datetime("us", "UTC"), eager=True)
    log = pl.DataFrame({"clicked_at": at, "visitor_id": pl.repeat("v1", rows, eager=True)})
    keys = pl.concat([click_keys(log), click_keys(log)])
    assert keys.n_unique() == 2 * rows
    assert {UUID(key).version for key in keys.head(100)} == {7}
