"""What happened to a conversion, in order, and by whom."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from importlib import import_module

import pytest
from django.db import connection

from accredit.access.models import User
from accredit.conversions.crediting_again import Selection, credit_again
from accredit.conversions.history import TIMELINE, Actor, timeline
from accredit.conversions.models import Conversion, Way
from accredit.conversions.turnover import change_turnover
from accredit.conversions.validating import validate
from accredit.programs.models import Program
from tests.conversions.test_loading import rows
from tests.factories.installing import NOW, clicks, install, load, orders
from tests.factories.validating import asked, asked_turnovers

pytestmark = pytest.mark.django_db


def lived_through() -> tuple[Program, Conversion]:
    """Recorded for nobody, credited to Barb, less turnover, approved, and less turnover once more."""
    program = install()
    load(program, orders=orders("order | at | turnover | visitor | customer_id\n 1 | T | 100.00 | hidden | secret"))
    load(program, clicks("click | at | visitor | party\n k1 | T-1d | hidden | barb"))
    day = timedelta(days=1)
    list(credit_again("anvils", Selection(), now=NOW + day))
    wile = Actor(Way.PAGE, User.objects.create_user("wile@acme.example", "x", name="Wile E.").id)
    less = asked_turnovers("order | turnover | comment\n 1 | 80.00 | One came back")
    change_turnover("anvils", less, actor=wile, now=NOW + 2 * day)
    list(
        validate(
            "anvils", asked("order | to | source\n 1 | approved | may.csv, row 2"), Actor(Way.FILE), now=NOW + 3 * day
        )
    )
    change_turnover("anvils", asked_turnovers("order | turnover\n 1 | 70.00"), actor=wile, now=NOW + 4 * day)
    return program, Conversion.objects.get()


def test_the_time_line_says_who_did_what_when_through_what_and_what_it_was_before() -> None:
    program, conversion = lived_through()
    line = timeline(program.id, conversion.id)
    assert dict(line.schema) == dict(TIMELINE)
    assert [(at - NOW).days for at in line["changed_at"]] == [0, 1, 2, 3, 4]
    columns = ("number", "way", "user", "source", "cause", "status_before", "status", "comment", "decision")
    assert line.select(columns).rows() == [
        (0, None, None, None, "recorded", None, "open", None, 1),
        (1, "command", None, None, "credited_again", "open", "open", None, 2),
        (2, "page", "Wile E.", None, "turnover_changed", "open", "open", "One came back", 3),
        (3, "file", None, "may.csv, row 2", None, "open", "approved", None, 3),
        (4, "page", "Wile E.", None, "turnover_changed", "approved", "approved", None, 4),
    ]
    money = ("turnover_before_minor", "turnover_minor", "commission_before_minor", "commission_minor")
    assert line.select("partner_before", "partner", *money).rows() == [
        (None, None, None, 10_000, None, 0),
        (None, "barb", 10_000, 10_000, 0, 1_000),
        ("barb", "barb", 10_000, 8_000, 1_000, 800),
        ("barb", "barb", 8_000, 8_000, 800, 800),
        ("barb", "barb", 8_000, 7_000, 800, 700),
    ]


def test_a_conversion_of_another_program_has_no_time_line() -> None:
    _, conversion = lived_through()
    assert timeline(conversion.id, conversion.id).is_empty()


def test_neither_visitor_nor_customer_is_in_the_history() -> None:
    lived_through()
    found = rows("select change::text from conversions_change change union all"
                 " select decision::text from conversions_decision decision")  # fmt: skip
    assert len(found) == 8
    assert not [row for (row,) in found if "hidden" in row or "secret" in row]


def test_every_change_of_a_status_or_a_decision_is_in_the_history() -> None:
    lived_through()
    [(changes, decisions)] = rows(
        "select (select count(*) from conversions_change), (select count(*) from conversions_decision)"
    )
    assert (changes, decisions) == (4, 4)


def test_what_was_credited_again_before_there_was_a_history_is_in_it(
    as_owner: Callable[[], AbstractContextManager[None]],
) -> None:
    load(install(), orders=orders("order | at | turnover | visitor\n 1 | T | 100.00 | v\n 2 | T | 1.00 | -"))
    load(Program.objects.get(), clicks("click | at | visitor | party\n k1 | T-1d | v | barb"))
    list(credit_again("anvils", Selection(), now=NOW + timedelta(days=1)))
    kept = rows("select change::text from conversions_change change")
    assert len(kept) == 1
    statement = import_module("accredit.conversions.migrations.0005_validation").CREDITED_AGAIN_BEFORE
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("set constraints all immediate")
        cursor.execute("alter table conversions_change disable trigger user")
        cursor.execute("delete from conversions_change")
        cursor.execute(statement)
    assert rows("select change::text from conversions_change change") == kept
