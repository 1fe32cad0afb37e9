"""The clicks of visitors are found alike, whether the log is read whole, or days that are noted are looked into."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import polars as pl
import pytest
from django.conf import settings
from django.db import connection

from accredit.conversions.erasing import erase
from accredit.programs.models import Program
from accredit.tracking import queries
from accredit.tracking.archive import archive_day
from accredit.tracking.operations import append_clicks
from accredit.tracking.queries import clicks_of_visitors
from accredit.tracking.visits import OVER_FOR, note_visits
from tests.factories.installing import clicks, install
from tests.factories.tables import T

pytestmark = pytest.mark.django_db
CLICKS = """
    click | at            | visitor | party
    k1    | T             | v1      | barb
    k2    | T-1d          | v1      | c:email
    k3    | T-1d+1us      | v2      | ann
    k4    | T-9d          | v3      | ann
    k5    | T-9d          | v1      | ann
"""
LATE = """
    click | at            | visitor | party
    k6    | T-9d+1h       | v2      | ann
"""
DAY = timedelta(days=1)
DAYS = [T.date() - 9 * DAY, T.date() - DAY, T.date()]
MIDNIGHT = datetime(T.year, T.month, T.day, tzinfo=UTC) + DAY
"""After the day of T."""


def found(program: Program, *visitors: str | None) -> list[str]:
    return clicks_of_visitors(program.id, pl.Series(visitors, dtype=pl.String)).sort("click_id")["click_id"].to_list()


def noted(now: datetime) -> list[date]:
    """The days that are noted, without those of which rows of other tests lay in the log."""
    return [day for day in note_visits(now) if day in DAYS]


def rows(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"select count(*) from {table} where day = any(%s)", [DAYS])
        return int(cursor.fetchall()[0][0])


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> Program:
    monkeypatch.setattr(queries, "BYTES_A_SEARCH", 0)  # never read the log whole
    program = install()
    append_clicks(program, clicks(CLICKS))
    return program


@pytest.mark.parametrize("bytes_a_search", [0, 10**9])
@pytest.mark.parametrize("by_day", [False, True])
def test_however_they_are_looked_for(
    program: Program, bytes_a_search: int, by_day: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "BYTES_A_SEARCH", bytes_a_search)
    if by_day:
        assert noted(MIDNIGHT + DAY) == DAYS
    clicked = clicks_of_visitors(program.id, pl.Series(["v1", None, "v3", "v1", "gone", 'o"dd\\']))
    assert clicked.sort("click_id").equals(clicks(CLICKS).filter(pl.col("visitor_id") != "v2").sort("click_id"))
    assert clicks_of_visitors(UUID(int=1), pl.Series(["v1"])).is_empty()


def test_a_day_is_noted_once_it_is_over(program: Program) -> None:
    before = MIDNIGHT + OVER_FOR - timedelta(microseconds=1)
    assert noted(before) == DAYS[:2]
    assert noted(before) == []
    assert found(program, "v1", "v2") == ["k1", "k2", "k3", "k5"]
    assert noted(MIDNIGHT + OVER_FOR) == DAYS[2:]
    assert found(program, "v1", "v2") == ["k1", "k2", "k3", "k5"]
    assert rows("tracking_visit") == 5


def test_what_comes_late_takes_its_day_out_until_it_is_noted_anew(program: Program) -> None:
    noted(MIDNIGHT + DAY)
    append_clicks(program, clicks(LATE))
    assert rows("tracking_visited_day") == 2
    assert found(program, "v1", "v2") == ["k1", "k2", "k3", "k5", "k6"]
    assert noted(MIDNIGHT + DAY) == DAYS[:1]
    assert found(program, "v1", "v2") == ["k1", "k2", "k3", "k5", "k6"]


def test_of_archived_days_and_erased_visitors_nothing_is_left(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "ARCHIVE_FOLDER", tmp_path)
    noted(MIDNIGHT + DAY)
    archive_day(DAYS[0])
    assert (rows("tracking_visited_day"), rows("tracking_visit")) == (2, 3)
    erase(["v1"])
    assert rows("tracking_visit") == 1
    assert found(program, "v1", "v2", "v3") == ["k3"]
