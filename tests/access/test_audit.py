"""The audit log: lines come, and stay."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction

from accredit.access import audit
from accredit.access.models import AuditEntry, Organization, User

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 20, 8, tzinfo=UTC)


@pytest.fixture
def shop() -> Organization:
    return Organization.objects.create(kind="advertiser", code="shop", name="Shop")


def test_a_page_of_lines_is_newest_first_and_goes_on_where_it_ended(shop: Organization) -> None:
    ada = User.objects.create_user("ada@example.com", name="Ada")
    other = Organization.objects.create(kind="advertiser", code="other", name="Other")
    audit.record(actor=ada, action="role_changed", organization=other, subject="Somebody else", now=NOW)
    for number in range(audit.PAGE_ROWS + 2):
        audit.record(actor=ada, action="role_changed", organization=shop, subject=str(number), now=NOW)
    first = audit.entries(organizations=[shop.id])
    assert [entry.subject for entry in first] == [str(n) for n in range(audit.PAGE_ROWS + 1, 0, -1)]
    rest = audit.entries(organizations=[shop.id], before=first[audit.PAGE_ROWS - 1].id)
    assert [entry.subject for entry in rest] == ["1", "0"]


def test_a_line_outlives_whoever_did_it_and_keeps_the_name_alone(shop: Organization) -> None:
    ada = User.objects.create_user("ada@example.com", name="Ada")
    audit.record(actor=ada, action="member_ended", organization=shop, subject="Bob", now=NOW)
    audit.record(actor=None, action="two_factor_reset", subject="Bob", now=NOW)
    ada.delete()
    assert list(AuditEntry.objects.order_by("id").values_list("actor_name", flat=True)) == ["Ada", ""]
    assert "ada@example.com" not in str(list(AuditEntry.objects.values()))


@pytest.mark.parametrize("sql", ["update access_auditentry set subject = 'x'", "delete from access_auditentry"])
def test_nobody_changes_or_removes_a_line(
    shop: Organization, as_owner: Callable[[], AbstractContextManager[None]], sql: str
) -> None:
    audit.record(actor=None, action="member_ended", organization=shop, subject="Bob", now=NOW)
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        connection.cursor().execute(sql)
    with as_owner(), pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        connection.cursor().execute(sql)
