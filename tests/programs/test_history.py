"""What conversions were credited by stays as it was; everything else may change."""

import pytest

from accredit.programs.operations import ChangesRefused, apply_program, check_program
from accredit.programs.queries import program_by_code, program_value
from accredit.programs.rows import to_rows
from tests.factories.installing import clicks, install, load, orders, shop

pytestmark = pytest.mark.django_db


def with_conversions() -> None:
    """The shop with one order of `barb` (by code, in the second period), of `ann` (by click) and of both channels."""
    load(
        install(),
        clicks("""
            click | at   | visitor | party
            k1    | T-1d | v1      | ann
            k2    | T-1d | v2      | c:email
            k3    | T-1d | v3      | c:display
        """),
        orders("""
            order | at | turnover | visitor | codes
            1     | T  | 100.00   | v1      | -
            2     | T  | 100.00   | v2      | -
            3     | T  | 100.00   | v3      | -
            4     | T  | 100.00   | -       | anvil10
        """),
    )


UNTIL = "2026-03-01T12:00:00.000000Z"


@pytest.mark.parametrize(
    ("changes", "code", "key"),
    [
        ([('currency = "USD"', 'currency = "EUR"')], "program_in_use", ()),
        ([('timezone = "America/New_York"', 'timezone = "Europe/Berlin"')], "program_in_use", ()),
        ([('percent = "10"', 'percent = "11"')], "terms_version_in_use", ("standard", 1)),
        (
            [('  credit_group = "standard"\n  referral_window_days = 14', "  referral_window_days = 14")],
            "contract_period_in_use",
            ("ann", "2026-01-01"),
        ),
        (
            [("  referral_window_days = 14", "  referral_window_days = 14\n  ends_at = 2026-03-01T12:00:00Z")],
            "contract_period_in_use",
            ("ann", "2026-01-01"),
        ),
        (
            [("  starts_at = 2026-02-15T", "  starts_at = 2026-02-16T")],
            "contract_period_in_use",
            ("barb", "2026-02-15"),
        ),
        (
            [('Z\n  credit_group = "non-', 'Z\n  credit_group = "')],
            "channel_period_in_use",
            ("display", "2026-01-01"),
        ),
        ([('name = "E-mail"\ncredit_group = "standard"', 'name = "E-mail"')], "channel_in_use", ("email",)),
        (
            [('name = "E-mail"\n', 'name = "E-mail"\n[[channel.period]]\nstarts_at = 2026-03-01T12:00:00.000001Z\n')],
            "channel_in_use",
            ("email", "2026-03-01"),
        ),
        ([('policy = "always"', 'policy = "involved"')], "promo_code_in_use", ("exact", "ANVIL10")),
        (
            [('policy = "always"', 'policy = "always"\nends_at = 2026-03-01T12:00:00Z')],
            "promo_code_in_use",
            ("exact", "ANVIL10"),
        ),
        ([('code = "email"', 'code = "mail"')], "conversion_channel", ("email",)),
        ([('[[event_type]]\ncode = "sale"', '[[event_type]]\ncode = "lead"'),
          ('[[event_type]]\ncode = "lead"\n[[partner]]', "[[partner]]"),
          *[('event_type = "sale"', 'event_type = "lead"')] * 2], "conversion_event_type", ("sale",)),
    ],
)  # fmt: skip
def test_history_is_not_rewritten(changes: list[tuple[str, str]], code: str, key: tuple[str, ...]) -> None:
    with_conversions()
    proposed = shop(*changes)
    with pytest.raises(ChangesRefused) as refused:
        apply_program(proposed)
    found = {refusal.code: refusal for refusal in refused.value.refusals}
    assert code in found
    assert tuple(str(part)[:10] for part in found[code].change.key)[: len(key)] == tuple(str(part) for part in key)
    assert "{" not in found[code].message
    if "until" in found[code].message:
        assert UNTIL in found[code].message
    assert program_value(program_by_code("anvils").id) == shop()
    assert check_program(proposed)[1] == refused.value.refusals


def test_all_refusals_come_at_once() -> None:
    with_conversions()
    with pytest.raises(ChangesRefused) as refused:
        apply_program(shop(('percent = "10"', 'percent = "11"'), ('timezone = "America/New_York"', 'timezone = "UTC"')))
    assert {refusal.code for refusal in refused.value.refusals} == {"terms_version_in_use", "program_in_use"}


@pytest.mark.parametrize(
    "changes",
    [
        [("  referral_window_days = 14", "  referral_window_days = 14\n  ends_at = 2026-03-01T12:00:00.000001Z")],
        [
            (
                "  referral_window_days = 14",
                "  referral_window_days = 14\n  ends_at = 2026-04-01T00:00:00Z\n  [[contract.period]]\n"
                '  starts_at = 2026-04-01T00:00:00Z\n  terms = "standard"\n  version = 1',
            )
        ],
        [('policy = "always"', 'policy = "always"\nends_at = 2026-04-01T00:00:00Z')],
        [("retention_days = 500", "retention_days = 400"), ('name = "Anvil Shop"', 'name = "Anvils"')],
        [
            (
                'name = "E-mail"\ncredit_group = "standard"\n',
                'name = "E-mail"\ncredit_group = "standard"\n[[channel.period]]\nstarts_at = 2026-01-01T00:00:00Z\n'
                "ends_at = 2026-04-01T00:00:00Z\n[[channel.period]]\nstarts_at = 2026-04-01T00:00:00Z\n"
                'credit_group = "preferred"\n',
            )
        ],
        [
            (
                "  starts_at = 2026-01-01T00:00:00Z\n  ends_at = 2026-02-15T00:00:00Z",
                "  starts_at = 2025-12-01T00:00:00Z\n  ends_at = 2026-02-14T00:00:00Z",
            )
        ],
    ],
)
def test_what_no_conversion_used_may_change(changes: list[tuple[str, str]]) -> None:
    with_conversions()
    proposed = shop(*changes)
    apply_program(proposed)
    assert to_rows(program_value(program_by_code("anvils").id)) == to_rows(proposed)


def test_terms_that_refused_periods_hold_on_to_stay_without_a_crash() -> None:
    with_conversions()
    renamed = shop(
        ('code = "standard"\nversion', 'code = "renamed"\nversion'), *[('terms = "standard"', 'terms = "renamed"')] * 2
    )
    with pytest.raises(ChangesRefused) as refused:
        apply_program(renamed)
    assert {refusal.code for refusal in refused.value.refusals} == {"contract_period_in_use"}
    assert program_value(program_by_code("anvils").id) == shop()
