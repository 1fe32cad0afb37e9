"""`accredit intake`, `conversions credit-again` and `visitor erase`: what they say and how they end."""

from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from typer.testing import CliRunner, Result

from accredit.cli import app
from accredit.database.keys import key_of_unknown_program
from tests.factories.arriving import arrive
from tests.factories.installing import clicks, install, load, orders
from tests.worker.test_booking import book_all

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


@pytest.fixture(autouse=True)
def _fresh(db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "ARCHIVE_FOLDER", tmp_path)
    with connection.cursor() as cursor:
        cursor.execute("delete from tracking_pending")


def test_what_is_held_is_listed_and_released() -> None:
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
    install()
    assert run("intake", "retry").stdout == "anvils: 1 wait for the worker again.\n"
    assert run("intake", "list", "--program", "anvils").stdout == "anvils: 1 wait for the worker\n"
    assert run("intake", "retry").stdout == "Nothing that can be released is held.\n"


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
    erased = run("visitor", "erase", "k", "--yes")
    assert erased.stdout.splitlines() == [
        "To erase: k, v1",
        "Removed 1 click from the log and 0 from the archive; 1 conversion and 0 waiting orders without a visitor now.",
    ]
    assert run("visitor", "erase", "v2").exit_code == 1  # nobody says yes
    assert run(*again).stdout.splitlines()[-1] == "1 were left because the click that won is no longer there."
