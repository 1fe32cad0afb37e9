"""Tables of requests as people have them: the sample as LibreOffice saves it, and requests out of a shop's real orders
and cancellations, from the spreadsheet to the ledger."""

import os
import re
import shutil
import subprocess
import zipfile
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from django.utils.translation import override

from accredit.conversion_requests.importing import UPLOAD, raise_faultless, table_of, wanted_of
from accredit.conversion_requests.models import Request, Rules
from accredit.conversions.checking import check_ledger
from accredit.conversions.models import Conversion, CreditedTo
from accredit.conversions.operations import load_frames
from accredit.demo.input import PROGRAM_FILE
from accredit.demo.journeys import add_journeys
from accredit.demo.orders import orders_of, read_lines
from accredit.files import parse_program
from accredit.imports import queries
from accredit.imports.models import Upload
from accredit.imports.operations import keep_upload
from accredit.imports.queries import View
from accredit.imports.samples import Example, sample
from accredit.programs.operations import apply_program
from accredit.programs.queries import program_by_code
from accredit.programs.visibility import Viewpoint
from tests.acceptance.online_retail import PATH
from tests.factories.installing import NO_ITEMS, NOW, install
from tests.factories.request_files import changes, creates, with_mistakes
from tests.factories.requesting import accepted, processed, somebody, view_of

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(days=1)
EXAMPLE: Example = {
    "kind": "Anlegen", "order_token": "00123", "turnover": Decimal("1234.50"), "currency": "USD",
    "occurred_at": datetime(2026, 3, 1, 18, 30),  # noqa: DTZ001
    "event_type": "sale", "partner": "Barb Dwyer", "program": "Anvil Shop", "status": "Bestätigt",
    "customer_status": "Neukunde", "items": "a;1;1.000,00|b;2;234,50", "comment": "=1+1",
}  # fmt: skip


def kept(file: Path, view: Viewpoint, now: datetime = NOW) -> Upload:
    return keep_upload(
        [file.read_bytes()],
        table=table_of(view, now=now),
        file_name=file.name,
        kind=UPLOAD,
        program_id=view.program.id,
        user=somebody(),
        now=now,
    )


def faults(upload: Upload) -> dict[tuple[int, str], str]:
    return {
        (row.row, column): code
        for row in queries.page(upload, View(faulty=True), size=10_000)
        for column, code, _details in row.faults
    }


@pytest.mark.parametrize("target", ["xlsx", "csv"])
def test_a_sample_that_libreoffice_saved_is_imported_as_it_was_filled_in(tmp_path: Path, target: str) -> None:
    office = shutil.which("soffice")
    if office is None:
        pytest.skip("LibreOffice (soffice) is not on this machine")
    view = view_of(install())
    with override("de"):
        (tmp_path / "sample.xlsx").write_bytes(sample(table_of(view, now=NOW), [EXAMPLE]))
    # CSV as German settings write it: semicolons, Windows-1252, cells as they are shown
    form = "csv:Text - txt - csv (StarCalc):59,34,1252,1,,1031,false,true" if target == "csv" else "xlsx"
    subprocess.run(
        [office, "--headless", f"-env:UserInstallation=file://{tmp_path}/profile", "--convert-to", form, "--outdir",
         str(tmp_path / "out"), str(tmp_path / "sample.xlsx")],
        check=True, capture_output=True, timeout=240, env={**os.environ, "LANG": "de_DE.UTF-8"},
    )  # fmt: skip
    saved = tmp_path / "out" / f"sample.{target}"
    upload = kept(saved, view)
    assert faults(upload) == {}
    wanted, items = wanted_of(queries.values(upload, table_of(view, now=NOW)), view)
    row = wanted.row(0, named=True)
    assert {name: row[name] for name in ("kind", "order_token", "partner", "turnover_minor", "status")} == {
        "kind": "create", "order_token": "00123", "partner": "barb", "turnover_minor": 123_450, "status": "approved",
    }  # fmt: skip
    assert (row["occurred_at"], row["customer_status"]) == (datetime(2026, 3, 1, 23, 30, tzinfo=UTC), "New")
    assert items.select("item_id", "quantity", "turnover_minor").rows() == [("a", 1, 100_000), ("b", 2, 23_450)]
    if target == "xlsx":
        with zipfile.ZipFile(saved) as archive:
            xml = archive.read("xl/worksheets/sheet1.xml").decode()
        assert {"list", "date", "decimal"} <= set(re.findall(r'<dataValidation [^>]*?type="(\w+)"', xml))


@pytest.mark.skipif(not PATH.exists(), reason=f"the real orders are not there: {PATH}")
def test_real_orders_that_were_not_tracked_and_cancellations(tmp_path: Path) -> None:
    """Of every twentieth order nothing was tracked; of those that are partners', cancellations are to be taken off. The
    spreadsheet has a mistake in every eighth create. All that is faultless is raised, accepted and processed."""
    apply_program(parse_program(str(PROGRAM_FILE), PROGRAM_FILE.read_bytes()))
    program = program_by_code("hearth")
    Rules.objects.create(program=program, period_days=36_500)
    lines = read_lines(PATH)
    first, clicks = add_journeys(orders_of(lines).conversions.head(3_000))
    withheld = first.gather_every(20)
    load_frames(program.id, clicks, first.join(withheld, on="order_token", how="anti"), NO_ITEMS, now=NOW)
    theirs = Conversion.objects.filter(program=program, credited_to=CreditedTo.PARTNER)
    tracked = pl.DataFrame(
        list(theirs.values_list("order_token", "turnover_minor", "partner")),
        schema=["order_token", "turnover_minor", "partner"],
        orient="row",
    )
    made = with_mistakes([*creates(withheld, "pennywise"), *changes(lines, tracked)], every=8)
    view = view_of(program)
    upload = kept(made.xlsx(tmp_path / "requests.xlsx"), view)

    titles = {"Order number": "order_token", "Time": "occurred_at"}
    mistaken = {(row, titles.get(heading, heading.lower())) for row, heading in made.wrong}
    found = faults(upload)
    assert mistaken - found.keys() == set()
    assert {code for cell, code in found.items() if cell not in mistaken} == {"named_twice"}  # the earlier row of two
    came = raise_faultless(upload, view, somebody(), now=LATER)
    assert len(came.new) == len(made.lines) - upload.faulty
    accepted(program, now=LATER)
    assert processed(program, now=LATER).failed == 0

    asked = {line["Order number"]: line for line in made.lines}
    requests = list(Request.objects.filter(program=program))
    assert {request.stage for request in requests} == {"processed"}
    conversions = {one.order_token: one for one in Conversion.objects.filter(program=program)}
    turnovers = dict(withheld.select("order_token", "turnover_minor").iter_rows())
    kinds = {"create": 0, "change": 0, "rejected": 0}
    for request in requests:
        one, line = conversions[request.order_token], asked[request.order_token]
        if request.kind == "create":
            kinds["create"] += 1
            assert (one.partner, one.turnover_minor) == ("pennywise", turnovers[one.order_token])
            assert one.reason == f"request {request.number}"
        elif line["Status"]:
            kinds["rejected"] += 1
            assert (one.status, one.rejection_reason) == ("rejected", "cancelled")
        else:
            kinds["change"] += 1
            assert f"{one.turnover_minor // 100}.{one.turnover_minor % 100:02}" == line["Turnover"]
    assert all(kinds.values())
    assert check_ledger(program).is_empty()
