"""The demo in the database."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.contrib.auth import authenticate

from accredit.access.models import User
from accredit.conversions.models import Conversion
from accredit.demo.operations import (
    ADVERTISER,
    AGENCY,
    CASHBACK,
    PARTNER,
    PEOPLE,
    demo_password,
    ensure_demo,
    load_demo,
)
from accredit.demo.queries import credits_of_demo
from accredit.files import FileErrors
from accredit.programs.models import Partner, Program
from accredit.programs.visibility import viewpoint, visible_programs

INVOICES = Path(__file__).with_name("invoices.csv")
NOW = datetime(2026, 1, 1, tzinfo=UTC)

pytestmark = pytest.mark.django_db


def test_the_demo_is_loaded_once() -> None:
    first = load_demo(INVOICES, now=NOW)
    second = load_demo(INVOICES, now=NOW)

    assert (first.loaded.new_conversions, second.loaded.new_conversions) == (2, 0)
    assert (first.loaded.clicks.new, second.loaded.clicks.new) == (first.demo.clicks.height, 0)
    assert first.demo.clicks.height > 0
    assert Conversion.objects.count() == 2
    assert sum(credit.turnover_minor for credit in credits_of_demo()) == 3330 + 1275
    assert Program.objects.get().clicks_are_synthetic


def test_ensuring_the_demo_loads_nothing_into_one_that_is_there() -> None:
    assert ensure_demo(INVOICES, now=NOW) is not None
    assert ensure_demo(None, now=NOW) is None
    assert Conversion.objects.count() == 2


def test_everybody_signs_in_and_sees_their_side() -> None:
    load_demo(INVOICES, now=NOW)

    seen = {}
    for person in PEOPLE:
        user = authenticate(username=person.email, password=demo_password())
        assert isinstance(user, User)
        assert [program.code for program in visible_programs(user)] == ["hearth"]
        seen[person.organization] = viewpoint(user, "hearth").partners
    assert seen == {AGENCY: None, ADVERTISER: None, PARTNER: {"tea-and-twine"}, CASHBACK: {"pennywise"}}


def test_what_somebody_changed_stays_but_for_the_passwords_that_are_shown() -> None:
    load_demo(INVOICES, now=NOW)
    Partner.objects.filter(code="ivy").update(name="Ivy & Co")
    user = User.objects.get(email=PEOPLE[0].email)
    user.name = "Ada"
    user.set_password("something else")
    user.save()

    ensure_demo(INVOICES, now=NOW)
    load_demo(INVOICES, now=NOW)

    assert Partner.objects.get(code="ivy").name == "Ivy & Co"
    assert User.objects.get(email=PEOPLE[0].email).name == "Ada"
    assert authenticate(username=PEOPLE[0].email, password=demo_password())


def test_from_a_file_with_errors_nothing_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(INVOICES.read_text().replace("12.75", "1e400"))

    with pytest.raises(FileErrors, match="UnitPrice"):
        load_demo(path, now=NOW)

    assert not Program.objects.exists()


def test_a_file_without_a_single_order_installs_a_program_without_conversions(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text("".join(line for line in INVOICES.read_text().splitlines(keepends=True) if line[0] in "IC"))

    done = load_demo(path, now=NOW)

    assert done.demo.counts.row(0) == ("cancellation", 1, 1)
    assert (done.loaded.new_conversions, done.loaded.clicks.new, credits_of_demo()) == (0, 0, [])
