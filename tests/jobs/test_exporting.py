"""Exports say what the list says, in every format, and never more than their reader may see."""

import csv
import io
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import fastexcel
import polars as pl
import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from django.utils.translation import override

from accredit.access.models import Membership, Role
from accredit.conversions.columns import COLUMNS
from accredit.conversions.file_validating import plan, summary
from accredit.conversions.listing import CONVERSIONS
from accredit.conversions.validation_file import table_of, wanted
from accredit.database import copy
from accredit.imports.checking import check_sheet, problems_of
from accredit.imports.formats import read_content
from accredit.imports.sheets import Sheet
from accredit.jobs.models import Job, State
from accredit.jobs.operations import cancel
from accredit.jobs.running import take_turn
from accredit.lists import sheets
from accredit.lists.exporting import Export, Format, export
from accredit.lists.filters import Filters
from accredit.lists.places import Order
from accredit.programs.visibility import Viewpoint, viewpoint
from accredit.web.conversions.cells import Cells
from accredit.web.conversions.page import PAGE
from accredit.web.naming import Names
from tests.factories.installing import install, load, orders
from tests.factories.people import Shop, open_shop
from tests.factories.validating import approve, validated
from tests.factories.validating import asked as asked_validations

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop(transactional_db: None) -> Shop:
    return open_shop()


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "JOB_FOLDER", tmp_path / "jobs")


def never() -> bool:
    return False


def exported(asked: Export, format_: Format, folder: Path) -> Path:
    path = folder / f"file.{format_}"
    export(asked, format_, path, Cells(PAGE, Names(asked.view)).text)
    return path


def read_csv(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text())))


def read_xlsx(path: Path, sheet: int | str = 0) -> pl.DataFrame:
    return fastexcel.read_excel(path).load_sheet(sheet, dtypes="string").to_polars()


def listed(asked: Export) -> list[dict[str, str]]:
    """What the cells of the list say."""
    cells = Cells(PAGE, Names(asked.view))
    rows = CONVERSIONS.ordered(
        CONVERSIONS.with_added(CONVERSIONS.filtered(asked.view, asked.filters), asked.schema), asked.order
    )
    return [{str(column.title): cells.text(column, one) for column in asked.columns} for one in rows]


SAID = ("event", "credited", "party", "reason", "group", "status", "customer", "currency", "model", "adjustments",
        "restriction", "contract", "order", "ad", "device", "code", "country", "category", "held", "id")  # fmt: skip


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_format_says_what_the_list_says(
    shop: Shop, tmp_path: Path, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copy, "BLOCK_ROWS", 4)  # two blocks
    approve("1001")
    view = viewpoint(shop.users["owner"], "anvils")
    asked = Export(
        CONVERSIONS,
        "Conversions",
        view,
        Filters(),
        Order("turnover", descending=False),
        [COLUMNS[name] for name in SAID],
    )
    with override(language):
        said = listed(asked)
        assert read_csv(exported(asked, Format.CSV, tmp_path)) == said
        found = read_xlsx(exported(asked, Format.XLSX, tmp_path)).fill_null("").to_dicts()
        assert found == said
    codes = pl.read_parquet(exported(asked, Format.PARQUET, tmp_path))
    assert codes.select("order_token", "credited_to", "partner", "status", "terms_version").rows()[-1] == (
        "1001", "partner", "barb", "approved", 1
    )  # fmt: skip
    tokens = [one.order_token for one in CONVERSIONS.ordered(CONVERSIONS.filtered(view, asked.filters), asked.order)]
    assert codes["order_token"].to_list() == tokens


HEADINGS = {"de": ("Ordernummer", "Status", "Stornogrund"), "en": ("Order number", "Status", "Rejection reason")}

COMMENT = ("Kommentar zur Stornierung", "Comment on the rejection")


def test_an_export_is_a_file_of_validations(shop: Shop, tmp_path: Path) -> None:
    """With every column, as it is and with statuses written over."""
    validated(
        asked_validations("order | to | reason | comment\n1003 | approved | |\n1004 | rejected | returned | - 5 cm")
    )
    view = viewpoint(shop.users["advertiser"], "anvils")
    columns = [column for column in CONVERSIONS.columns.values() if column.shown_to(view)]
    asked = Export(CONVERSIONS, "Conversions", view, Filters(), Order("turnover"), columns)
    declared = table_of(shop.program)

    def summed(sheet: Sheet) -> list[object]:
        assert problems_of(declared, sheet) == []
        would = summary(plan(shop.program, wanted(check_sheet(declared, sheet))))
        return [would[name] for name in ("approved", "rejected", "turnover", "open", "refused")]

    for language, headings in HEADINGS.items():
        for format_ in (Format.CSV, Format.XLSX):
            with override(language):
                sheet = read_content(exported(asked, format_, tmp_path))
            assert summed(sheet) == [0, 0, 0, 6, {}]
            order, status, reason = (str(sheet.names.index(name)) for name in headings)

            def written(cells: pl.DataFrame, token: str, text: str, place: str, order: str = order) -> pl.DataFrame:
                return cells.with_columns(
                    pl.when(pl.col(order) == token).then(pl.lit(text)).otherwise(place).alias(place)
                )

            cells = written(written(sheet.cells, "1001", "1", status), "1002", "2", status)
            cells = written(cells, "1002", "returned", reason)
            assert summed(replace(sheet, cells=cells)) == [1, 1, 0, 4, {}]
            # A rejection is for good, and its comment with it.
            (comment,) = (str(place) for place, name in enumerate(sheet.names) if name in COMMENT)
            cells = written(sheet.cells, "1004", "- 6 cm", comment)
            assert summed(replace(sheet, cells=cells))[3:] == [5, {"validated": 1}]


def test_amounts_times_and_numbers_are_values(shop: Shop, tmp_path: Path) -> None:
    load(shop.program, orders=orders("order | at | turnover | currency\n y | T | 5000 | JPY\n k | T | 1.234 | KWD"))
    view = viewpoint(shop.users["owner"], "anvils")
    columns = [COLUMNS[name] for name in ("order", "time", "turnover", "item_count", "signed")]
    asked = Export(
        CONVERSIONS,
        "Conversions",
        view,
        CONVERSIONS.filters_from([("order", token) for token in ("1002", "y", "k")]),
        Order("order", False),
        columns,
    )
    path = exported(asked, Format.CSV, tmp_path)
    assert path.read_text().splitlines() == [
        "Order number,Time,Turnover,Currency,Items,Signed",
        "1002,2026-02-28T07:00:00-05:00,61.00,USD,3,",
        "k,2026-03-01T07:00:00-05:00,1.234,KWD,0,",
        "y,2026-03-01T07:00:00-05:00,5000,JPY,0,",
    ]
    sheet = fastexcel.read_excel(exported(asked, Format.XLSX, tmp_path)).load_sheet(0).to_polars()
    assert sheet["Turnover"].to_list() == [61.0, 1.234, 5000.0]
    assert sheet["Time"].dtype == pl.Datetime("ms")
    assert f"{sheet['Time'][0]}" == "2026-02-28 07:00:00"
    frame = pl.read_parquet(exported(asked, Format.PARQUET, tmp_path))
    assert dict(frame.schema) == {
        "order_token": pl.String(), "occurred_at": pl.Datetime("us", "UTC"), "turnover_minor": pl.Int64(),
        "currency": pl.String(), "item_count": pl.Int64(), "signed": pl.Boolean(),
    }  # fmt: skip
    assert frame["turnover_minor"].to_list() == [6100, 1234, 5000]


HOSTILE = ("=1+1", "+49", "-5", "-5+cmd|' /C calc'!A0", "@SUM(A1)", "a=b", "\tx", "http://x.example", "1e5", "00012")


def test_nothing_that_others_wrote_is_a_formula(shop: Shop, tmp_path: Path) -> None:
    program = install()
    rows = "\n".join(f"{n} | T | 1.00" for n in range(len(HOSTILE)))
    frame = orders("order | at | turnover\n" + rows).with_columns(category=pl.Series(HOSTILE))
    load(program, orders=frame)
    view = Viewpoint(program, None)
    asked = Export(
        CONVERSIONS,
        "Conversions",
        view,
        CONVERSIONS.filters_from([("order", str(n)) for n in range(10)]),
        Order("order", False),
        [COLUMNS["category"]],
    )
    assert [row["Category"] for row in read_csv(exported(asked, Format.CSV, tmp_path))] == [
        "'=1+1", "+49", "-5", "'-5+cmd|' /C calc'!A0", "'@SUM(A1)", "a=b", "'\tx", "http://x.example", "1e5", "00012"
    ]  # fmt: skip
    assert read_xlsx(exported(asked, Format.XLSX, tmp_path))["Category"].to_list() == list(HOSTILE)


def test_a_full_sheet_is_continued_and_the_last_one_says_what_the_file_is(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheets, "ROWS", 4)
    view = viewpoint(shop.users["owner"], "anvils")
    asked = Export(
        CONVERSIONS,
        "Conversions",
        view,
        Filters(),
        Order("order", False),
        [COLUMNS["order"]],
        [("Program", "Anvil Shop")],
    )
    path = exported(asked, Format.XLSX, tmp_path)
    assert fastexcel.read_excel(path).sheet_names == ["Conversions", "Conversions 2", "About this file"]
    parts = [read_xlsx(path, sheet)["Order number"].to_list() for sheet in (0, 1)]
    assert parts == [["1001", "1002", "1003", "1004"], ["1005", "1006"]]
    about = fastexcel.read_excel(path).load_sheet(2, header_row=None, dtypes="string").to_polars().rows()
    assert about[0][:2] == ("Program", "Anvil Shop")
    assert about[-1] == ("Order number", "order", "order_token")


def test_nothing_is_a_file_with_headers(shop: Shop, tmp_path: Path) -> None:
    view = viewpoint(shop.users["owner"], "anvils")
    asked = Export(
        CONVERSIONS, "Conversions", view, CONVERSIONS.filters_from([("order", "none")]), Order(), [COLUMNS["order"]]
    )
    assert exported(asked, Format.CSV, tmp_path).read_text() == "Order number\n"
    assert read_xlsx(exported(asked, Format.XLSX, tmp_path)).shape == (0, 1)
    assert pl.read_parquet(exported(asked, Format.PARQUET, tmp_path)).schema == {"order_token": pl.String()}


def begin(shop: Shop, who: str, query: str = "", format_: str = "csv") -> tuple[Client, Job, str]:
    client = Client()
    client.force_login(shop.users[who])
    response = client.post(f"/programs/anvils/exports{query}", {"format": format_})
    job = Job.objects.order_by("-id")[0]
    return client, job, response.headers["Location"]


def content(client: Client, address: str) -> bytes:
    response: Any = client.get(f"{address}/file")
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "private, no-store"
    return bytes(response.getvalue())


def test_an_export_is_what_the_address_says_and_its_file_is_for_its_owner(shop: Shop) -> None:
    client, job, address = begin(shop, "owner", "?status=open&columns=order.turnover&sort=turnover")
    assert take_turn(job.id, stopping=never) is False
    text = content(client, address).decode()
    assert text.splitlines()[:3] == ["Order number,Turnover,Currency", "1006,12.00,USD", "1004,20.00,USD"]
    job.refresh_from_db()
    assert (job.state, job.done, job.total, job.outcome) == (State.DONE, 6, 6, {"conversions": 6})
    assert job.file_name.startswith("conversions-anvils-")
    assert job.file_name.endswith(".csv")
    path = settings.JOB_FOLDER / job.file
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    for other in ("agency", "advertiser", "partner", "stranger"):
        browser = Client()
        browser.force_login(shop.users[other])
        assert browser.get(f"{address}/file").status_code == 404


@pytest.mark.parametrize("format_", list(Format))
def test_a_partner_exports_what_a_partner_sees(shop: Shop, format_: Format, tmp_path: Path) -> None:
    names = ".".join(column.name for column in COLUMNS.values())
    client, job, address = begin(shop, "partner", f"?columns={names}", format_)
    take_turn(job.id, stopping=never)
    (tmp_path / "file").write_bytes(content(client, address))
    if format_ == Format.PARQUET:
        frame = pl.read_parquet(tmp_path / "file")
        assert frame["partner"].unique().to_list() == ["barb"]
        assert not {"signed", "promo_code", "visitor_id", "customer_id"} & set(frame.columns)
        return
    found = read_csv(tmp_path / "file") if format_ == Format.CSV else read_xlsx(tmp_path / "file").to_dicts()
    assert sorted(str(row["Order number"]) for row in found) == ["1001", "1005", "1006"]
    view = viewpoint(shop.users["partner"], "anvils")
    assert [*found[0]] == [str(column.title) for column in CONVERSIONS.columns_for(view)]
    assert "ann" not in (tmp_path / "file").read_bytes().decode(errors="replace").lower().split(",")


def test_who_sees_less_by_now_does_not_get_the_file(shop: Shop) -> None:
    client, job, address = begin(shop, "advertiser")
    take_turn(job.id, stopping=never)
    assert content(client, address)
    organization = Membership.objects.get(user=shop.users["partner"]).organization
    Membership.objects.filter(user=shop.users["advertiser"]).delete()
    Membership.objects.create(user=shop.users["advertiser"], organization=organization, role=Role.VIEWER)
    assert client.get("/programs/anvils/conversions").status_code == 200
    assert client.get(f"{address}/file").status_code == 404
    assert client.get(address).status_code == 404


def test_a_filter_that_one_may_no_longer_use_ends_the_export(shop: Shop) -> None:
    _client, job, _address = begin(shop, "advertiser", "?party=partner")
    organization = Membership.objects.get(user=shop.users["partner"]).organization
    Membership.objects.filter(user=shop.users["advertiser"]).update(organization=organization)
    take_turn(job.id, stopping=never)
    job.refresh_from_db()
    assert (job.state, job.failure) == (State.FAILED, "not_permitted")


@pytest.mark.parametrize("format_", list(Format))
def test_an_export_that_is_cancelled_leaves_nothing(
    shop: Shop, format_: Format, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copy, "BLOCK_ROWS", 2)
    monkeypatch.setattr("accredit.jobs.running.TELL_SECONDS", 0)
    _client, job, _address = begin(shop, "owner", format_=format_)
    said = Cells.text

    def cancelled_meanwhile(cells: Cells, column: Any, one: Any) -> str:
        cancel(job, now=timezone.now())
        return said(cells, column, one)

    monkeypatch.setattr(Cells, "text", cancelled_meanwhile)
    if format_ == Format.PARQUET:
        cancel(job, now=timezone.now())
    assert take_turn(job.id, stopping=never) is False
    job.refresh_from_db()
    assert (job.state, job.file) == (State.CANCELLED, "")
    assert [*settings.JOB_FOLDER.iterdir()] == [] if settings.JOB_FOLDER.exists() else True


def test_the_worker_ends_an_export_and_the_next_begins_anew(shop: Shop) -> None:
    client, job, address = begin(shop, "owner")
    assert take_turn(job.id, stopping=lambda: True) is True
    job.refresh_from_db()
    assert (job.state, job.attempts) == (State.WAITING, 0)
    assert take_turn(job.id, stopping=never) is False
    assert len(content(client, address).splitlines()) == 7
