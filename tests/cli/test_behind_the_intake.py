"""`accredit intake`, `conversions credit-again` and `visitor erase`: what they say and how they end."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from typer.testing import CliRunner, Result

from accredit.cli import app
from accredit.database.keys import key_of_unknown_program
from accredit.programs.queries import program_by_code
from tests.factories.arriving import arrive, queue
from tests.factories.installing import SHOP, clicks, install, load, orders
from tests.worker.test_booking import book_all

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


@pytest.fixture(autouse=True)
def _fresh(db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "ARCHIVE_FOLDER", tmp_path)
    with connection.cursor() as cursor:
        cursor.execute("delete from tracking_pending")


def test_what_is_held_is_listed_and_released(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    assert run("intake", "list").stdout == "Nothing is held, and nothing waits.\n"
    arrive(key_of_unknown_program("anvils"), "anvils", orders("order | at | turnover\n 1 | T | 10.00"))
    book_all()
    assert run("intake", "list").stdout.splitlines() == [
        "anvils: 1 unknown_program",
        "  2026-03-20T08:00:00Z  anvils sale 1  unknown_program",
    ]
    refused = run("intake", "retry", "--program", "anvils")
    assert (refused.exit_code, refused.stderr.split(".")[0]) == (1, "There is no program 'anvils'")
    assert run("intake", "retry", "--reason", "none").exit_code == 1
    (tmp_path / "program.toml").write_text(SHOP)
    applied = run("program", "apply", str(tmp_path / "program.toml"))
    assert applied.stdout.splitlines()[-1] == "1 order waits for it: `accredit intake retry --program anvils`"
    assert run("intake", "retry").stdout == "anvils: 1 wait for the worker again.\n"
    assert run("intake", "list", "--program", "anvils").stdout == "anvils: 1 wait for the worker\n"
    assert run("intake", "retry").stdout == "Nothing that can be released is held.\n"
    assert run("intake", "conflicts", "--program", "anvils").stdout == "No order came with other content.\n"
    other = orders("order | at | turnover | city\n 1 | T | 11.00 | Ü")
    arrive(program_by_code("anvils").id, "anvils", other)
    assert run("intake", "conflicts", "--program", "anvils", "--since", "2026-03-20", "--order", "1").stdout == (
        '2026-03-20T08:00:00Z  sale 1  post (signed)  turnover_minor 1000 → 1100, city null → "Ü"\n'
    )
    for turnover in ("1.00", "2.00"):  # of a program that is not there
        arrive(key_of_unknown_program("nails"), "nails", orders(f"order | at | turnover\n 1 | T | {turnover}"), now=now)
    listed = run("intake", "list", "--program", "nails").stdout
    assert "nails: 1 came again with other content in the last 7 days\n" in listed


def test_what_came_for_no_program_is_discarded_once_somebody_agrees() -> None:
    arrive(key_of_unknown_program("nails"), "nails", orders("order | at | turnover\n 1 | T | 1.00\n 2 | T | 2.00"))
    program = install()
    arrive(program.id, "anvils", orders("order | at | turnover\n 3 | T | 3.00", "trade-in"))
    book_all()
    discard = ("intake", "discard", "--program", "nails", "--reason", "unknown_program")
    assert run(*discard).exit_code == 1  # nobody says yes
    assert queue() == [("anvils", "unknown_event_type", 1), ("nails", "unknown_program", 2)]
    other = run("intake", "discard", "--program", "nails", "--reason", "failed", "--yes")
    assert other.stdout == "nails: nothing is held as failed.\n"
    assert run(*discard, "--yes").stdout == "nails: 2 orders discarded.\n"
    assert queue() == [("anvils", "unknown_event_type", 1)]
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from tracking_conversion_event")
        assert cursor.fetchone() == (3,)
    for command in (discard, ("intake", "list", "--program", "nails")):
        refused = run(*command)
        assert (refused.exit_code, refused.stderr.split(".")[0]) == (1, "There is no program 'nails'")


def test_what_others_wrote_does_not_steer_the_terminal() -> None:
    program = install()
    hostile = "\x1b[2J\u202e7"
    arrive(program.id, "anvils", orders(f"order | at | turnover\n {hostile} | T | 1.00", "trade-in"))
    load(program, orders=orders(f"order | at | turnover | visitor\n {hostile} | T | 10.00 | v1"))
    load(program, clicks("click | at | visitor | party\n k | T-1d | v1 | barb"))
    book_all()
    listed = run("intake", "list").stdout.splitlines()[-1]
    assert listed == "  2026-03-20T08:00:00Z  anvils trade-in \ufffd[2J\ufffd7  unknown_event_type"
    again = run("conversions", "credit-again", "--program", "anvils", "--order", hostile, "--order", hostile + "1")
    assert again.stdout.startswith("sale \ufffd[2J\ufffd7: none 0.00 USD → ")
    assert again.stderr == "\ufffd[2J\ufffd71: the program has no such conversion.\n"
    run("conversions", "validate", "--program", "anvils", "--approve", "--yes")
    twice = run("conversions", "validate", "--program", "anvils", "--approve", "--order", hostile, "--yes")
    assert twice.stderr.startswith("sale \ufffd[2J\ufffd7: It was validated before")


def test_conversions_are_decided_anew_and_visitors_erased() -> None:
    program = install()
    load(program, orders=orders("order | at | turnover | visitor\n 1 | T | 10.00 | v1\n 2 | T | 10.00 | v2"))
    load(program, clicks("click | at | visitor | party\n k | T-1d | v1 | barb"))
    again = ("conversions", "credit-again", "--program", "anvils", "--since", "2026-03-01")
    tried = run(*again, "--dry-run")
    assert tried.stdout == "sale 1: none 0.00 USD → partner:barb 1.00 USD\n1 would change, 1 stay as they are.\n"
    assert run(*again).stdout == tried.stdout.replace("would change", "changed")
    assert run(*again).stdout == "0 changed, 2 stay as they are.\n"
    assert run("conversions", "credit-again", "--program", "hammers").exit_code == 1
    named = run(*again, "--order", "2", "--order", "9")
    assert (named.exit_code, named.stdout) == (1, "0 changed, 1 stay as they are.\n")
    assert named.stderr == "9: the program has no such conversion.\n"
    erased = run("visitor", "erase", "k", "--yes")
    assert erased.stdout.splitlines() == [
        "To erase: k, v1",
        "Removed 1 click from the log and 0 from the archive; 1 conversion and 0 waiting orders without a visitor now.",
    ]
    assert run("visitor", "erase", "v2").exit_code == 1  # nobody says yes
    assert run(*again).stdout.splitlines()[-1] == "1 were left because the click that won is no longer there."
