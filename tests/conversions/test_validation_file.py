"""A file of validations: what each row would do, doing it once, and telling what came of it."""

from collections.abc import Callable
from datetime import UTC, datetime

import polars as pl
import pytest
from django.db import transaction

from accredit.access.models import User
from accredit.conversions import file_validating, validation_file
from accredit.conversions.checking import check_ledger
from accredit.conversions.file_validating import apply, outcomes, plan, summary
from accredit.conversions.history import Actor, timeline
from accredit.conversions.models import Conversion, Way
from accredit.conversions.validation_file import table_of, wanted
from accredit.conversions.validation_file_job import PlanChanged, keep_plan, start_file
from accredit.database.keys import key_from_text
from accredit.imports.checking import check_sheet, problems_of
from accredit.imports.models import Upload
from accredit.imports.operations import keep_upload
from accredit.imports.sheets import Sheet
from accredit.imports.text_table import read_text_table
from accredit.jobs.models import Job, JobRow, State
from accredit.jobs.running import take_turn
from accredit.programs.models import Program
from tests.factories.installing import SHOP, install, load, orders
from tests.factories.people import Shop, open_shop
from tests.factories.validating import approve

FILE = Actor(Way.FILE)
AT = datetime(2026, 4, 1, 9, tzinfo=UTC)


@pytest.fixture
def shop(db: None) -> Shop:
    return open_shop()


def table(text: str) -> Sheet:
    """A table whose cells are separated by `|`."""
    lines = [";".join(cell.strip() for cell in line.split("|")) for line in text.strip().splitlines()]
    return read_text_table("\n".join(lines).encode())


def planned(shop: Shop, text: str) -> pl.DataFrame:
    sheet, declared = table(text), table_of(shop.program)
    assert problems_of(declared, sheet) == []
    return plan(shop.program, wanted(check_sheet(declared, sheet)))


def came(rows: pl.DataFrame) -> dict[int, str]:
    return dict(zip(rows["row"], outcomes(rows), strict=True))


def done(shop: Shop, rows: pl.DataFrame, way: Actor = FILE) -> pl.DataFrame:
    with transaction.atomic():
        return apply(shop.program, rows, way, file_name="march.csv", now=AT)


def of(token: str) -> Conversion:
    return Conversion.objects.get(order_token=token)


def test_rows_in_either_language_and_as_codes(shop: Shop) -> None:
    rows = planned(
        shop,
        """
        Ordernummer | Status    | Stornogrund    | Kommentar | Umsatz
        1001        | bestätigt |                |           |
        1002        | STORNIERT | zurückgesandt  | zu klein  |
        1003        | 1         |                |           |
        1004        | 2         | returned       |           |
        1005        | offen     |                |           |
        1006        | 0         |                |           | 12,50
        """,
    )
    assert came(rows) == {2: "approved", 3: "rejected", 4: "approved", 5: "rejected", 6: "open", 7: "turnover"}
    assert rows["rejection_reason"].to_list() == [None, "returned", None, "returned", None, None]
    assert rows.filter(row=7)["turnover_minor"].to_list() == [1250]


def test_the_plan_says_what_it_is_worth(shop: Shop) -> None:
    rows = planned(
        shop, "order|status|turnover|reason\n1001|approved|100.00|\n1005|rejected||Returned\n1002|||\n9|1||\n1003|2||"
    )
    worth = summary(rows)
    first, second = of("1001"), of("1005")
    assert worth["sums"]["rejected"] == {"USD": second.commission_minor}
    after = rows.filter(row=2)["commission_minor"][0]
    assert 0 < after < first.commission_minor
    assert worth["sums"]["approved"] == {"USD": after}
    assert worth["sums"]["changed"] == {"USD": after - first.commission_minor}
    assert (worth["approved"], worth["rejected"], worth["turnover"], worth["open"]) == (1, 1, 1, 0)
    assert worth["refused"] == {"nothing_asked": 1, "reason_missing": 1, "unknown": 1}
    assert not Conversion.objects.exclude(status="open").exists()


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("order | status\n 9 | 1", "unknown"),
        ("order | status\n | 1", "no_order"),
        ("order | status\n 1001 | maybe", "status_unknown"),
        ("order | status\n 1001 | 3", "status_unknown"),
        ("order | status\n 1001 | ", "nothing_asked"),
        ("order | status\n 1001 | 2", "reason_missing"),
        ("order | status | reason\n 1001 | 2 | whim", "reason_unknown"),
        ("order | status | reason\n 1001 | 1 | returned", "reason_of_approval"),
        ("order | status | comment\n 1001 | 1 | fine", "reason_of_approval"),
        ("order | status | type\n 1001 | 1 | lead", "unknown"),
        ("order | status | type\n 1001 | 1 | visit", "event_type_unknown"),
        ("order | status\n 1,2E+34 | 1", "digits_lost"),
        ("order | status | turnover\n 1001 | 1 | -5", "turnover_wrong"),
        ("order | status | turnover\n 1001 | 1 | 5.005", "turnover_two_ways"),
        ("order | status | turnover\n 1001 | 1 | 5.00505", "too_many_decimals"),
        ("order | status\n 10\u200b01 | 1", "control_characters"),
        ("order | turnover\n 1001 | 5.0050", "too_many_decimals"),
        ("order | turnover\n 9 | 5", "unknown"),
        ("order | turnover\n 1001 | 136.27", "no_change"),
        ("conversion | status\n cv_00000000000000000000000000 | 1", "unknown"),
        ("conversion | status\n 1001 | 1", "key_wrong"),
        ("order | comment | status\n 1001 | " + "x" * 1001 + " | 1", "too_long"),
        ("order | status\n 1001 | 1 | 7", "too_many_fields"),
    ],
)  # fmt: skip
def test_why_a_row_changes_nothing(shop: Shop, row: str, why: str) -> None:
    rows = planned(shop, row)
    assert list(outcomes(rows)) == [why]
    assert why in {**validation_file.WHY, **file_validating.WHY}
    assert list(outcomes(done(shop, rows))) == [why]
    assert not Conversion.objects.exclude(status="open").exists()


def test_an_order_named_twice_is_done_neither_time(shop: Shop) -> None:
    key = shop.keys["1001"]
    rows = planned(shop, f"order | conversion | status\n1001 | | 1\n | {key} | 1\n1002 | | 1")
    assert came(rows) == {2: "named_twice", 3: "named_twice", 4: "approved"}


def test_an_order_number_of_two_event_types_needs_the_type(shop: Shop) -> None:
    load(shop.program, orders=orders("order | at | turnover\n1001 | T | 5.00", event_type="lead"))
    rows = planned(shop, "order | type | status\n1001 | | 1\n1001 | lead | 1")
    assert came(rows) == {2: "ambiguous", 3: "approved"}
    assert rows["event_type"].to_list() == [None, "lead"]


def test_an_id_with_the_number_of_another_order_is_refused(shop: Shop) -> None:
    rows = planned(shop, f"order | id | status\n1002 | {shop.keys['1001']} | 1\n1003 | {shop.keys['1003']} | 1")
    assert came(rows) == {2: "mismatch", 3: "approved"}


def test_ids_of_another_program_are_unknown(shop: Shop) -> None:
    other = Shop(program=install_other(), users=shop.users, keys=shop.keys)
    rows = planned(other, f"id | status\n{shop.keys['1001']} | 1")
    assert came(rows) == {2: "unknown"}


def install_other() -> Program:
    return install(SHOP.replace('code = "anvils"', 'code = "hammers"'))


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("status\n1", ["no_order_column"]),
        ("order | colour\n1 | red", ["nothing_to_change"]),
        ("order | status | Ordernummer\n1 | 1 | 1", ["column_twice"]),
        ("order | status", ["no_rows"]),
        ("March | 2026\n | \norder | status\n1 | 1", ["headings_below", "no_order_column", "nothing_to_change"]),
    ],
)
def test_what_is_wrong_with_a_whole_file(shop: Shop, text: str, codes: list[str]) -> None:
    assert [problem.code for problem in problems_of(table_of(shop.program), table(text))] == codes


def test_turnover_first_then_status_and_the_history_says_which_row(shop: Shop) -> None:
    rows = planned(shop, "order | status | turnover | comment\n1001 | 1 | 100.00 | one piece kept\n1005 | | 25.00 |")
    user = shop.users["advertiser"]
    assert came(done(shop, rows, Actor(Way.FILE, user.id))) == {2: "approved+turnover", 3: "turnover"}
    kept = timeline(shop.program.id, of("1001").id).filter(pl.col("number") > 0)
    assert kept.select("way", "user", "source", "status", "turnover_minor", "comment").rows() == [
        ("file", "Advertiser", "march.csv, row 2", "open", 10_000, "one piece kept"),
        ("file", "Advertiser", "march.csv, row 2", "approved", 10_000, None),
    ]
    assert of("1005").status == "open"
    assert check_ledger(shop.program).is_empty()


def test_a_row_is_done_whole_or_not_at_all(shop: Shop) -> None:
    approve("1002")
    rows = planned(shop, "order | status | turnover | reason\n1002 | 2 | 10.00 | returned")
    assert came(rows) == {2: "validated"}
    done(shop, rows)
    assert of("1002").turnover_minor == 6100


def test_what_was_changed_after_it_was_looked_at_is_left(shop: Shop) -> None:
    rows = planned(shop, "order | status\n1001 | 1\n1002 | 1\n1005 | 1")
    done(shop, planned(shop, "order | turnover\n1001 | 50.00"))
    approve("1002")
    after = done(shop, rows)
    assert came(after) == {2: "changed_since", 3: "validated", 4: "approved"}
    assert after.filter(row=3)["changed_through"].to_list() == ["command"]


def upload(shop: Shop, text: str, user: User) -> Upload:
    kept = keep_upload(
        [text.encode()],
        table=table_of(shop.program),
        file_name="march.csv",
        kind="validation",
        program_id=shop.program.id,
        user=user,
        now=AT,
    )
    keep_plan(kept, shop.program, now=AT)
    return kept


def finish(job: Job) -> Job:
    while take_turn(job.id, stopping=lambda: False):
        pass
    return Job.objects.get(id=job.id)


def test_a_file_is_done_once_however_often_it_is_sent(shop: Shop, django_capture_on_commit_callbacks: Callable) -> None:  # type: ignore[type-arg]
    user = shop.users["advertiser"]
    first = upload(shop, "order;status\n1001;1\n9;1\n1005;0\n", user)
    job = start_file(first, shop.program, user, planned_at=AT.isoformat())
    assert start_file(first, shop.program, user, planned_at=AT.isoformat()) == job
    again = upload(shop, "order;status\n1001;1\n9;1\n", user)
    other = start_file(again, shop.program, user, planned_at=AT.isoformat())
    job, other = finish(job), finish(other)
    assert (job.state, job.outcome["approved"], job.outcome["unchanged"], job.outcome["open"]) == (State.DONE, 1, 1, 1)
    assert (other.state, other.outcome["approved"], other.outcome["unchanged"]) == (State.DONE, 0, 2)
    row = JobRow.objects.get(job=other, number=1)
    assert row.facts
    assert (row.why, row.name, row.source, row.facts["changed_by"]) == (
        "validated", "1001", "march.csv, row 2", "Advertiser",
    )  # fmt: skip


def test_only_the_plan_that_was_shown_is_done(shop: Shop) -> None:
    user = shop.users["advertiser"]
    kept = upload(shop, "order;status\n1001;1\n", user)
    keep_plan(kept, shop.program, now=datetime(2026, 4, 1, 10, tzinfo=UTC))
    with pytest.raises(PlanChanged):
        start_file(kept, shop.program, user, planned_at=AT.isoformat())


def test_keys_are_read_as_pages_write_them(shop: Shop) -> None:
    assert key_from_text("cv", shop.keys["1001"]) == of("1001").id
