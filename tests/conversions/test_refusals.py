"""What the database itself refuses of facts, whoever asks."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import cache

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction

from accredit.access.models import User
from accredit.conversions.approving import hold
from accredit.conversions.models import Conversion
from tests.factories.installing import clicks, install, items, load, orders
from tests.factories.keeping import Rows, made
from tests.factories.validating import LATER, approve, pay

pytestmark = pytest.mark.django_db

KEPT = (
    "conversions_decision", "conversions_item", "conversions_rate", "conversions_change", "conversions_payment",
    "conversions_hold",
)  # fmt: skip
HISTORY = ("tracking_conversion_event", *KEPT)
CHANGES = ("update {} set program_id = program_id", "delete from {}")


@pytest.fixture(autouse=True)
def _loaded() -> None:
    _rows().copy_in()


@cache
def _rows() -> Rows:
    return made(_load)[1]


def _load() -> None:
    placed = orders("order | at | turnover | visitor\n 1 | T | 100.00 | v1")
    lines = items("order | item | quantity | turnover\n 1 | a | 1 | 100.00", placed)
    load(install(), clicks("click | at | visitor | party\n k1 | T | v1 | ann"), placed, lines)


@pytest.fixture
def kept() -> None:
    """The order is held, approved and paid."""
    user = User.objects.create(email="owner@example.com")
    one = Conversion.objects.get()
    hold(one.program, one.id, reason="Is it real?", user=user, now=LATER)
    approve("1")
    pay("1")


def execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.usefixtures("kept")
def test_the_application_may_not_rewrite_history() -> None:
    for table in HISTORY:
        for change in (*CHANGES, "truncate {} cascade"):
            with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
                execute(change.format(table))


@pytest.mark.usefixtures("kept")
def test_nor_does_the_owner(as_owner: Callable[[], AbstractContextManager[None]]) -> None:
    with as_owner():
        for table in HISTORY:
            for change in CHANGES:
                with pytest.raises(IntegrityError, match=f"{table}.* is append-only"), transaction.atomic():
                    execute(change.format(table))


def test_nor_does_the_owner_empty_it(as_owner: Callable[[], AbstractContextManager[None]]) -> None:
    others = (
        "ledger_entry",
        "ledger_posting",
        "ledger_closing",
        "access_auditentry",
        "conversion_requests_stagechange",
    )
    for table in (*HISTORY, *others):
        switch_on = f"set constraints all immediate; alter table {table} enable trigger never_emptied"
        with pytest.raises(IntegrityError, match="is append-only"), as_owner(), transaction.atomic():
            execute(f"{switch_on}; truncate {table} cascade")


@pytest.mark.usefixtures("kept")
def test_a_hold_is_released_once_and_nothing_else_of_it_changes() -> None:
    execute("update conversions_hold set released_at = held_at, released_by_id = held_by_id")
    with pytest.raises(IntegrityError, match="a hold is released once"), transaction.atomic():
        execute("update conversions_hold set released_at = released_at + interval '1 day'")


def test_a_partition_is_as_append_only_as_its_log(as_owner: Callable[[], AbstractContextManager[None]]) -> None:
    with pytest.raises(IntegrityError, match="is append-only"), as_owner():
        execute("delete from tracking_conversion_event_20260320")


AGAIN = """
    insert into conversions_conversion
    select (jsonb_populate_record(conversion, '{"id": "00000000-0000-7000-8000-000000000000"}'::jsonb || '%s')).*
    from conversions_conversion conversion
"""


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ("{}", "conversion_order"),
        ('{"order_token": "2", "currency": null}', "currency"),
        ('{"order_token": "2", "currency": "usd"}', "conversion_money"),
        ('{"order_token": "2", "turnover_minor": -1}', "conversion_money"),
        ('{"order_token": "2", "turnover_minor": 1000000000000000}', "conversion_money"),
        ('{"order_token": "2", "commission_minor": -1}', "conversion_money"),
        ('{"order_token": "2", "commission_minor": null}', "commission_minor"),
        ('{"order_token": "2", "status": "closed"}', "conversion_status"),
        ('{"order_token": "2", "partner": null}', "conversion_credited_to"),
        ('{"order_token": "2", "channel": "email"}', "conversion_credited_to"),
        ('{"order_token": "2", "credited_to": "none", "partner": null}', "conversion_credited_to"),
        ('{"order_token": "2", "partner": "nobody"}', "conversion_partner"),
        ('{"order_token": "2", "event_type": "gift"}', "conversion_event_type"),
        ('{"order_token": "2", "rate_id": "00000000-0000-7000-8000-000000000000"}', "conversion_rate"),
    ],
)
def test_a_conversion_that_cannot_be_is_refused(changes: str, constraint: str) -> None:
    with pytest.raises(IntegrityError, match=constraint):
        execute(AGAIN % changes)


def test_another_order_is_not_refused() -> None:
    execute(AGAIN % '{"order_token": "2"}')


@pytest.mark.parametrize(
    ("table", "change", "constraint"),
    [
        ("conversions_decision", '{"number": 2, "currency": "$"}', "decision_money"),
        ("conversions_decision", '{"number": 2, "cause": "whim"}', "decision_cause"),
        ("conversions_decision", '{"number": 1}', "conversions_decision_pkey"),
        ("conversions_decision", '{"conversion_id": "00000000-0000-7000-8000-000000000000"}', "decision_conversion"),
        ("conversions_item", '{"item_id": "b", "turnover_minor": -1}', "item_money"),
        ("conversions_item", '{"item_id": "b", "currency": null}', "currency"),
        ("conversions_item", '{"item_id": "b", "commission_minor": null}', "item_commission"),
        ("conversions_item", '{"item_id": "b", "decision": 2}', "item_decision"),
        ("conversions_item", "{}", "conversions_item_pkey"),
        ("conversions_rate", '{"id": "00000000-0000-7000-8000-000000000000", "currency": "usd"}', "rate_currency"),
        ("conversions_rate", "{}", "conversions_rate_pkey"),
    ],
)
def test_history_that_cannot_be_is_refused(table: str, change: str, constraint: str) -> None:
    with pytest.raises(IntegrityError, match=constraint):
        execute(f"insert into {table} select (jsonb_populate_record(row, '{change}')).* from {table} row")
