"""`accredit program plan | apply | export` and `accredit load`: what they say and how they end."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from accredit.access.models import AuditEntry
from accredit.cli import app
from accredit.conversions.models import Conversion
from accredit.files import parse_program
from accredit.programs.models import Program
from tests.factories.installing import SHOP, shop

pytestmark = pytest.mark.django_db

CLICKS = """click_id,clicked_at,visitor_id,partner,channel
k1,2026-03-01T11:00:00Z,v1,barb,
k2,2026-03-01T10:00:00Z,v2,,email
"""
ORDERS = """event_type,order_token,occurred_at,currency,turnover,visitor_id
sale,1,2026-03-01T12:00:00Z,USD,100.00,v1
sale,2,2026-03-01T12:00:00Z,USD,50.00,v2
"""
ITEMS = """order_token,item_id,quantity,turnover,event_type
1,a,1,100.00,sale
"""


@pytest.fixture
def files(tmp_path: Path) -> Path:
    for name, text in {"program.toml": SHOP, "clicks.csv": CLICKS, "orders.csv": ORDERS, "items.csv": ITEMS}.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def load(files: Path) -> Result:
    tables = [f"--{name}={files / name}.csv" for name in ("clicks", "orders", "items")]
    return run("load", "--program", "anvils", *tables)


def change(files: Path, name: str, old: str, new: str) -> None:
    text = (files / name).read_text()
    assert old in text
    (files / name).write_text(text.replace(old, new, 1))


def test_a_program_is_planned_applied_and_exported(files: Path) -> None:
    file = files / "program.toml"
    planned = run("program", "plan", file)
    assert planned.exit_code == 0
    assert "+ contract period barb 2026-01-01T00:00:00Z\n" in planned.stdout
    assert not Program.objects.exists()

    applied = run("program", "apply", file)
    assert [*AuditEntry.objects.values_list("actor_name", "action", "subject")] == [("", "program_added", "anvils")]
    assert (applied.exit_code, applied.stdout.splitlines()[-1]) == (
        0, f"Changes made: 20. The program 'anvils' is as {file} says."
    )  # fmt: skip
    again = run("program", "apply", file)
    assert (again.exit_code, again.stdout) == (0, f"Nothing is changed. The program 'anvils' is as {file} says.\n")
    assert run("program", "plan", file).stdout == "Nothing would change.\n"

    exported = run("program", "export", "anvils")
    assert exported.exit_code == 0
    assert parse_program("export.toml", exported.stdout.encode()) == shop()
    assert run("program", "export", "anvils", "--out", files / "export.toml").stdout == ""
    assert (files / "export.toml").read_text() == exported.stdout


def test_a_plan_says_what_changes_from_what_to_what(files: Path) -> None:
    run("program", "apply", files / "program.toml")
    change(files, "program.toml", "retention_days = 500", "retention_days = 400")
    change(files, "program.toml", '"first order"', '"first"')
    change(
        files,
        "program.toml",
        "  starts_at = 2026-02-15T00:00:00Z\n",
        "  starts_at = 2026-02-15T00:00:00Z\n  ends_at = 2027-01-01T00:00:00Z\n",
    )
    assert run("program", "plan", files / "program.toml").stdout.splitlines() == [
        "~ program: retention_days 500 → 400",
        "~ event type sale: customer_status.1.2.2 first order → first",
        "~ contract period barb 2026-02-15T00:00:00Z: ends_at none → 2027-01-01T00:00:00Z",
    ]


def test_what_history_forbids_ends_with_1_and_changes_nothing(files: Path) -> None:
    run("program", "apply", files / "program.toml")
    load(files)
    change(files, "program.toml", 'percent = "10"', 'percent = "11"')
    for command in ("plan", "apply"):
        refused = run("program", command, files / "program.toml")
        assert refused.exit_code == 1
        assert "~ terms standard 1: payouts.1.percent 10 → 11" in refused.stdout
        assert "! terms standard 1: A contract period uses this version" in refused.stderr


def test_a_wrong_program_file_and_an_unknown_program_end_with_1(files: Path) -> None:
    change(files, "program.toml", 'currency = "USD"', 'currency = "US"')
    for command in ("plan", "apply"):
        refused = run("program", command, files / "program.toml")
        assert (refused.exit_code, refused.stdout) == (1, "")
        assert "program.toml:7:" in refused.stderr
    for arguments in (["program", "export", "anvils"],):
        refused = run(*arguments)
        assert refused.exit_code == 1
        assert refused.stderr.startswith("There is no program 'anvils'. There is none yet")
    assert load(files).exit_code == 1


def test_a_load_says_what_is_new_and_what_was_there(files: Path) -> None:
    run("program", "apply", files / "program.toml")
    first = load(files)
    assert (first.exit_code, first.stdout) == (
        0, "2 new clicks, 2 new conversions; 0 clicks and 0 conversions were already there.\n"
    )  # fmt: skip
    second = load(files)
    assert (second.exit_code, second.stdout) == (
        0, "0 new clicks, 0 new conversions; 2 clicks and 2 conversions were already there.\n"
    )  # fmt: skip
    change(files, "orders.csv", "50.00", "60.00")
    change(files, "clicks.csv", "11:00", "11:30")
    third = load(files)
    assert third.exit_code == 1
    assert third.stderr == (
        "Other content is in the log, and stays, for 1 of the clicks: k1\n"
        "Other content is recorded, and stays, for 1 of the orders (what came now is kept as well): sale 2\n"
    )
    assert Conversion.objects.get(order_token="2").turnover_minor == 5000


def test_errors_of_all_files_come_at_once_and_nothing_is_loaded(files: Path) -> None:
    run("program", "apply", files / "program.toml")
    change(files, "clicks.csv", "barb", "bart")
    change(files, "orders.csv", "50.00", "50.001")
    refused = load(files)
    assert refused.exit_code == 1
    assert "clicks.csv:2:partner:" in refused.stderr
    assert "orders.csv:3:turnover:" in refused.stderr
    assert not Conversion.objects.exists()
