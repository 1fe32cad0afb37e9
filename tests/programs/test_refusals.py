"""What the database itself refuses in a set-up, whoever asks."""

from collections.abc import Callable
from datetime import timedelta

import psycopg
import pytest
from django.db import IntegrityError, connection
from psycopg.conninfo import make_conninfo

from accredit.programs import models
from tests.factories.installing import install
from tests.factories.tables import T

pytestmark = pytest.mark.django_db


def overlapping_contract_period() -> None:
    period = models.ContractPeriod.objects.filter(ends_at=None).first()
    assert period
    models.ContractPeriod.objects.create(
        contract=period.contract, terms_version=period.terms_version, credit_group="standard", referral_window_days=30,
        starts_at=period.starts_at - timedelta(microseconds=1), ends_at=period.starts_at + timedelta(microseconds=1),
    )  # fmt: skip


def overlapping_channel_period() -> None:
    channel = models.Channel.objects.get(code="display")
    channel.periods.create(starts_at=T, ends_at=T + timedelta(days=1), credit_group="standard", referral_window_days=30)


def the_same_code_twice() -> None:
    code = models.PromoCode.objects.get(match="exact")
    models.PromoCode.objects.create(
        program=code.program, partner=code.partner, code=" Anvil10", normalized_code="anvil10", match="exact",
        policy="winner",
    )  # fmt: skip


def changed_version_in_use() -> None:
    models.TermsVersion.objects.filter(code="standard").update(comment="Another")


def removed_version_in_use() -> None:
    models.TermsVersion.objects.filter(code="standard")._raw_delete("default")


def backwards_period() -> None:
    models.ContractPeriod.objects.filter(ends_at=None).update(ends_at=T - timedelta(days=600))


def unknown_credit_group() -> None:
    models.Channel.objects.update(credit_group="prefered")


def no_currency() -> None:
    models.Program.objects.update(currency="usd")


def second_partner_of_one_code() -> None:
    models.Partner.objects.create(program=models.Program.objects.get(), code="barb", name="Another")


@pytest.mark.parametrize(
    ("violate", "constraint"),
    [
        (overlapping_contract_period, "contract_periods_overlap"),
        (overlapping_channel_period, "channel_periods_overlap"),
        (the_same_code_twice, "promo_codes_overlap"),
        (changed_version_in_use, "terms_version_in_use"),
        (removed_version_in_use, "terms_version_in_use"),
        (backwards_period, "contract_period_forwards"),
        (unknown_credit_group, "channel_credit_group"),
        (no_currency, "program_currency"),
        (second_partner_of_one_code, "partner_code"),
    ],
)
def test_the_database_itself_refuses(violate: Callable[[], None], constraint: str) -> None:
    install()
    with pytest.raises(IntegrityError) as refused:
        violate()
    assert refused.value.__cause__.diag.constraint_name == constraint  # type: ignore[union-attr]


def test_a_version_that_no_period_uses_may_change() -> None:
    program = install()
    models.TermsVersion.objects.create(
        program=program, code="standard", version=2, payouts=[], early_opt_in=False, comment=""
    )
    models.TermsVersion.objects.filter(version=2).update(comment="Changed")
    models.TermsVersion.objects.filter(version=2).delete()


@pytest.mark.django_db(transaction=True)
def test_a_version_is_not_changed_while_it_is_taken_into_use() -> None:
    """Of two sessions the second waits for the first, and then is refused or sees the new version."""
    program = install()
    version = models.TermsVersion.objects.create(
        program=program, code="standard", version=2, payouts=[], early_opt_in=False, comment=""
    )
    partner = models.Partner.objects.create(program=program, code="eve", name="Eve")
    contract = models.Contract.objects.create(partner=partner, labels=[])
    parameters = {**connection.get_connection_params()}
    parameters.pop("cursor_factory", None)
    parameters.pop("context", None)
    with (
        psycopg.connect(make_conninfo(**parameters)) as using,
        psycopg.connect(make_conninfo(**parameters)) as changing,
    ):
        using.execute(
            "insert into programs_contractperiod"
            " (id, starts_at, credit_group, referral_window_days, contract_id, terms_version_id)"
            " values (gen_random_uuid(), now(), 'standard', 30, %s, %s)",
            [contract.id, version.id],
        )
        changing.execute("set lock_timeout = '200ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            changing.execute("update programs_termsversion set comment = 'Changed' where id = %s", [version.id])
        changing.rollback()
        using.commit()
        with pytest.raises(psycopg.errors.IntegrityConstraintViolation, match="a contract period uses this version"):
            changing.execute("update programs_termsversion set comment = 'Changed' where id = %s", [version.id])
        changing.rollback()
