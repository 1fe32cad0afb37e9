"""Old days of clicks: in the archive, dropped from the log, read by who decides anew, and erased with their visitor."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import polars as pl
import pytest
from django.conf import settings
from django.db import DataError, IntegrityError, connection, transaction

from accredit.conversions.erasing import erase, visitors_named
from accredit.conversions.models import Conversion
from accredit.database.keys import key_to_text
from accredit.engine.frames import CLICKS as CLICK_COLUMNS
from accredit.programs.models import Program
from accredit.tracking import archive
from accredit.tracking.archive import archive_day, archive_old_clicks, days_in_log, kept_days
from accredit.tracking.operations import append_clicks, make_partitions
from accredit.tracking.queries import clicks_of_visitors, journeys
from accredit.worker.tasks import archive_clicks, forget_address_keys, make_partitions_ahead
from tests.factories.arriving import arrive, queue
from tests.factories.installing import NOW, SHOP, clicks, install, load, orders
from tests.factories.tables import T
from tests.worker.test_crediting_again import again, told

pytestmark = pytest.mark.django_db
DAY = T.date()
CLICKS = """
    click | at       | visitor | party   | sub_id1
    k1    | T        | v1      | barb    | blog
    k2    | T+1h+1us | v2      | c:email | -
    k3    | T-1d     | v1      | ann     | -
    k4    | T+1h     | v2      | barb    | -
"""


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "ARCHIVE_FOLDER", tmp_path)


def log_of(program: Program) -> pl.DataFrame:
    return clicks_of_visitors(program.id, pl.Series(["v1", "v2"])).sort("click_id")


def archived() -> pl.DataFrame:
    return archive.archived().select(*CLICK_COLUMNS).sort("click_id").collect()


def test_a_day_goes_into_its_file_and_leaves_the_log() -> None:
    program = install()
    append_clicks(program, clicks(CLICKS))
    assert archive_day(DAY) == 3
    assert log_of(program)["click_id"].to_list() == ["k3"]
    assert DAY not in days_in_log()
    everything = clicks(CLICKS).sort("click_id")
    assert archived().equals(everything.filter(pl.col("click_id") != "k3"))
    with connection.cursor() as cursor:
        cursor.execute("select click_id from tracking_foreign_click where program_id = %s", [program.id])
        assert cursor.fetchall() == [("k3",)]
    assert archive_day(DAY) == 0
    placed = orders("order | at | turnover | visitor | click\n 1 | T | 1.00 | v1 | -\n 2 | T | 1.00 | - | k4")
    assert journeys(program.id, placed).sort("click_id")["click_id"].to_list() == ["k3"]
    assert journeys(program.id, placed, archived=True).sort("click_id").equals(everything)


def test_a_crash_between_file_and_drop_is_finished_by_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    program = install()
    append_clicks(program, clicks(CLICKS))

    def crash(_self: Path, _target: Path) -> Path:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", crash)
        with pytest.raises(KeyboardInterrupt):
            archive_day(DAY)
    assert (len(archived()), len(log_of(program))) == (0, 4)
    with monkeypatch.context() as patch:
        patch.setattr(archive, "DROP", "select 1 / 0 from unnest(array[%s::text, %s::text])")
        with pytest.raises(DataError), transaction.atomic():
            archive_day(DAY)
    assert (len(archived()), len(log_of(program))) == (3, 4)
    placed = orders("order | at | turnover | visitor\n 1 | T | 1.00 | v2")
    assert journeys(program.id, placed, archived=True)["click_id"].sort().to_list() == ["k2", "k4"]
    assert archive_day(DAY) == 3
    assert archived()["click_id"].to_list() == ["k1", "k2", "k4"]


def test_a_day_with_other_clicks_than_the_file_is_not_dropped() -> None:
    program = install()
    append_clicks(program, clicks(CLICKS))
    with pytest.raises(IntegrityError, match="has 3 clicks, and 2 are in the archive"), connection.cursor() as cursor:
        cursor.execute("select tracking_drop_clicks(%s, 2)", [DAY])


def test_clicks_that_come_for_an_archived_day_join_its_file() -> None:
    program = install()
    append_clicks(program, clicks(CLICKS))
    archive_day(DAY)
    append_clicks(program, clicks("click | at | visitor | party\n k5 | T | v1 | barb"))
    assert archive_day(DAY) == 1
    assert archived()["click_id"].to_list() == ["k1", "k2", "k4", "k5"]


def test_clicks_are_kept_for_the_longest_window_and_what_the_program_adds() -> None:
    assert kept_days() == 400
    install(SHOP.replace("referral_window_days = 7", "referral_window_days = 45"))
    assert kept_days() == 45 + 500
    install(SHOP.replace('code = "anvils"', 'code = "hammers"').replace("retention_days = 500", ""))
    assert kept_days() == 45 + 500
    append_clicks(Program.objects.get(code="anvils"), clicks(CLICKS))
    moved = [(day, clicks) for day, clicks in archive_old_clicks(DAY + timedelta(days=545)) if clicks]
    assert moved == [(DAY - timedelta(days=1), 1)]
    archive_clicks(int((NOW + timedelta(days=600)).timestamp()))
    assert len(archived()) == 4


def test_what_is_decided_anew_finds_archived_clicks() -> None:
    program = install()
    load(program, orders=orders("order | at | turnover | visitor\n 1 | T+2h | 10.00 | v2"))
    append_clicks(program, clicks(CLICKS))
    archive_day(DAY)
    assert told(again()) == [("1", "none", "partner:barb", 0, 100)]


def test_a_visitor_is_erased_from_log_archive_conversions_and_queue() -> None:
    program = install()
    append_clicks(program, clicks(CLICKS))
    placed = """
        order | at   | turnover | visitor | click | customer_id
        1     | T+2h | 10.00    | v2      | -     | c2
        2     | T+2h | 10.00    | -       | k4    | c2
        3     | T+2h | 10.00    | v1      | -     | c1
    """
    load(program, orders=orders(placed))
    arrive(program.id, "anvils", orders("order | at | turnover | visitor\n 4 | T | 1.00 | v2"))
    archive_day(DAY)
    append_clicks(program, clicks("click | at | visitor | party\n k6 | T+1d | v2 | ann"))
    before = [*Conversion.objects.order_by("order_token").values_list("partner", "commission_minor")]
    assert visitors_named(["k6"]) == ["k6", "v2"]
    assert visitors_named(["k4"]) == ["k4", "v2"]
    erased = erase(["v2"])
    assert (erased.clicks, erased.archived_clicks, erased.conversions, erased.pending) == (1, 2, 2, 1)
    assert archived()["visitor_id"].to_list() == ["v1"]
    assert log_of(program)["visitor_id"].to_list() == ["v1"]
    ordered = Conversion.objects.order_by("order_token")
    assert [*ordered.values_list("visitor_id", "customer_id")] == [(None, None), (None, None), ("v1", "c1")]
    assert [*ordered.values_list("partner", "commission_minor")] == before
    assert {*ordered.values_list("click_id", flat=True)} == {None}
    events = ("tracking_conversion_event", "tracking_order", "tracking_pending")
    with connection.cursor() as cursor:
        for table in ("tracking_click", "tracking_foreign_click", "conversions_conversion", *events):
            cursor.execute(f"select count(*) from {table} kept where kept::text ~ '\\m(v2|c2)\\M'")
            assert cursor.fetchone() == (0,), table
        for table in events:
            cursor.execute(f"select count(*) from {table} kept where kept::text ~ '\\mk4\\M'")
            assert cursor.fetchone() == (0,), table
    assert erase(["v2"]).clicks == 0
    assert (told(again()), queue()) == ([], [("anvils", None, 1)])


def test_an_order_is_led_to_our_own_click_by_its_id_alone() -> None:
    program = install()
    append_clicks(program, clicks(CLICKS))
    key = UUID("019ca8f8-1200-7abc-8def-123456789abc")
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=key.int >> 80, microseconds=999)
    with connection.cursor() as cursor:
        make_partitions("tracking_click", [at.date()])
        cursor.execute(
            "insert into tracking_click (program_id, visitor_id, clicked_at, id, click_id, partner)"
            " values (%s, 'v9', %s, %s, %s, 'ann')",
            [program.id, at, key, key_to_text("ck", key)],
        )
    named = orders(f"order | at | turnover | click\n 1 | T | 1.00 | {key_to_text('ck', key)}")
    assert journeys(program.id, named)["visitor_id"].to_list() == ["v9"]
    assert visitors_named([key_to_text("ck", key)])[1:] == ["v9"]
    odd = ["ck_", "ck_!", key_to_text("ck", UUID(int=2**128 - 1)), key_to_text("ck", UUID(int=0))]
    placed = orders("\n".join(["order | at | turnover | click", *(f"{n} | T | 1.00 | {c}" for n, c in enumerate(odd))]))
    assert journeys(program.id, placed).is_empty()


def test_partitions_are_made_ahead_and_old_keys_of_addresses_are_forgotten() -> None:
    make_partitions_ahead(int(T.timestamp()))
    with connection.cursor() as cursor:
        for table in ("tracking_click", "tracking_conversion_event"):
            for day in ("20260301", "20260308"):
                cursor.execute("select to_regclass(%s)::text", [f"{table}_{day}"])
                assert cursor.fetchone() == (f"{table}_{day}",)
        cursor.execute(
            "insert into tracking_address_key select day, decode(repeat('00', 32), 'hex')"
            " from unnest(%s::date[]) day on conflict do nothing",
            [[DAY - timedelta(days=days) for days in range(5)]],
        )
        forget_address_keys(int(T.timestamp()))
        cursor.execute("select min(day) from tracking_address_key")
        assert cursor.fetchone() == (DAY - timedelta(days=1),)
