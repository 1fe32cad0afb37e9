"""A program file is applied in one step, and shows before what it would change."""

import pytest
from pytest_django import DjangoAssertNumQueries

from accredit.access.models import Organization, OrganizationKind
from accredit.engine.program import Program
from accredit.files import parse_program, write_program
from accredit.programs import models
from accredit.programs.operations import (
    AdvertiserRefused,
    Change,
    apply_program,
    check_program,
    plan_program,
)
from accredit.programs.queries import TABLES, UnknownProgram, program_by_code, program_value
from tests.factories.installing import SHOP, install, shop

pytestmark = pytest.mark.django_db


def installed() -> Program:
    return program_value(program_by_code("anvils").id)


def names(changes: list[Change]) -> list[str]:
    return [
        f"{'+' if change.before is None else '-' if change.after is None else '~'}{change.table} "
        + " ".join(str(part) for part in change.key)
        for change in changes
    ]


def test_a_program_that_is_applied_reads_back_equal() -> None:
    assert apply_program(shop())
    assert installed() == shop()
    assert parse_program("export.toml", write_program(installed()).encode()) == shop()


def test_the_second_time_changes_nothing() -> None:
    apply_program(shop())
    before = {name: [*table.model._default_manager.order_by("id").values()] for name, table in TABLES.items()}
    assert list(apply_program(shop())) == []
    assert {name: [*table.model._default_manager.order_by("id").values()] for name, table in TABLES.items()} == before


def test_reading_takes_one_query_a_table(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    program = install()
    with django_assert_num_queries(len(TABLES) + 2):
        program_value(program.id)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([('name = "Barb Dwyer"', 'name = "Barb"')], ["~partner barb"]),
        ([('New = ["N", "first order"]', 'New = ["N"]')], ["~event_type sale"]),
        ([('labels = ["Preferred", "Old friend"]', "")], ["~contract barb"]),
        ([('[[ad]]\ncode = "banner"', '[[ad]]\ncode = "popup"')], ["-ad banner", "+ad popup"]),
        ([('timezone = "America/New_York"', 'timezone = "Europe/Berlin"')], ["~program "]),
        ([(', "shop.example:8080"]', "]")], ["~program "]),
        (
            [
                ('[[terms]]\ncode = "items"\nversion = 1', '[[terms]]\ncode = "items"\nversion = 2'),
                ('terms = "items"\n  version = 1', 'terms = "items"\n  version = 2'),
            ],
            ["-terms items 1", "+terms items 2", "~contract_period ann 2026-01-01 00:00:00+00:00"],
        ),
        (
            [("ends_at = 2026-02-15T00:00:00Z", "ends_at = 2026-02-10T00:00:00Z")],
            ["~contract_period barb 2026-01-01 00:00:00+00:00"],
        ),
        (
            [('code = "ANVIL10"\nmatch = "exact"', 'code = "anvil11"\nmatch = "exact"')],
            [
                "-promo_code exact ANVIL10 2026-01-01 00:00:00+00:00",
                "+promo_code exact anvil11 2026-01-01 00:00:00+00:00",
            ],
        ),
        (
            [("  [[channel.period]]\n  starts_at = 2026-01-01", "  [[channel.period]]\n  starts_at = 2026-01-02")],
            ["-channel_period display 2026-01-01 00:00:00+00:00", "+channel_period display 2026-01-02 00:00:00+00:00"],
        ),
    ],
)
def test_a_plan_names_what_changes_and_applying_it_leaves_nothing_to_change(
    changes: list[tuple[str, str]], expected: list[str]
) -> None:
    install()
    proposed = shop(*changes)
    assert names([*plan_program(proposed)]) == expected
    assert names([*apply_program(proposed)]) == expected
    assert list(plan_program(proposed)) == []
    assert plan_program(shop())


def test_everything_can_be_removed_that_nothing_uses() -> None:
    install()
    bare = parse_program("bare.toml", SHOP[: SHOP.index('[[event_type]]\ncode = "lead"')].encode())
    apply_program(bare)
    assert installed() == bare


def test_periods_move_within_one_step() -> None:
    install()
    moved = shop(
        ("ends_at = 2026-02-15T00:00:00Z", "ends_at = 2026-03-15T00:00:00Z"),
        ("  starts_at = 2026-02-15T00:00:00Z", "  starts_at = 2026-03-15T00:00:00Z"),
    )
    apply_program(moved)
    assert installed() == moved


def test_a_plan_leaves_everything_as_it_is() -> None:
    changes, refusals = check_program(shop())
    assert changes
    assert not refusals
    assert not models.Program.objects.exists()
    assert not Organization.objects.exists()


def test_an_agency_is_no_advertiser() -> None:
    Organization.objects.create(code="ACME", kind=OrganizationKind.AGENCY, name="ACME")
    with pytest.raises(AdvertiserRefused, match="'ACME' is installed as Agency"):
        apply_program(shop())
    assert not models.Program.objects.exists()


def test_two_programs_share_their_advertiser() -> None:
    install()
    install(SHOP.replace('code = "anvils"', 'code = "hammers"'))
    assert Organization.objects.get().advertised_programs.count() == 2
    assert installed() == shop()


def test_an_unknown_program_is_named_with_those_that_there_are() -> None:
    install()
    with pytest.raises(UnknownProgram, match=r"There is no program 'anvil'. There are: anvils;"):
        program_by_code("anvil")
