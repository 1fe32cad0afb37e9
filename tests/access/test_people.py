"""Members and invitations: one owner stays, an invitation opens once and for its own e-mail."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction

from accredit.access.models import AuditEntry, Invitation, Membership, Organization, User
from accredit.access.people import (
    OPEN_FOR,
    PeopleRefused,
    change_role,
    end_membership,
    invitation_of,
    invite,
    join,
    join_as_new,
    withdraw,
)
from tests.factories.people import PASSWORD

NOW = datetime(2026, 3, 20, 8, tzinfo=UTC)


@pytest.fixture
def shop(db: None) -> Organization:
    return Organization.objects.create(kind="advertiser", code="shop", name="Shop")


def member(organization: Organization, name: str, role: str) -> Membership:
    user = User.objects.create_user(f"{name}@example.com", PASSWORD, name=name.capitalize())
    return Membership.objects.create(user=user, organization=organization, role=role)


def invited(shop: Organization, email: str = "eve@example.com", role: str = "editor") -> str:
    _invitation, token = invite(organization=shop, email=email, role=role, language="de", actor=None, now=NOW)
    return token


def refused(code: str, act: Callable[[], object]) -> None:
    with pytest.raises(PeopleRefused) as raised:
        act()
    assert raised.value.code == code


def test_roles_change_and_memberships_end_and_the_log_says_so(shop: Organization) -> None:
    ada, bob = member(shop, "ada", "owner"), member(shop, "bob", "viewer")
    change_role(bob, "editor", actor=ada.user, now=NOW)
    change_role(bob, "editor", actor=ada.user, now=NOW)  # a double click says nothing new
    end_membership(bob, actor=ada.user, now=NOW)
    refused("gone", lambda: end_membership(bob, actor=ada.user, now=NOW))
    refused("role", lambda: change_role(ada, "boss", actor=ada.user, now=NOW))
    told = AuditEntry.objects.order_by("id").values_list("actor_name", "action", "subject", "detail")
    assert list(told) == [
        ("Ada", "role_changed", "Bob", {"before": "viewer", "after": "editor"}),
        ("Ada", "member_ended", "Bob", {"role": "editor"}),
    ]


def test_the_last_owner_neither_goes_nor_becomes_less(shop: Organization) -> None:
    ada = member(shop, "ada", "owner")
    refused("last_owner", lambda: change_role(ada, "editor", actor=ada.user, now=NOW))
    refused("last_owner", lambda: end_membership(ada, actor=ada.user, now=NOW))
    assert Membership.objects.get().role == "owner"
    assert not AuditEntry.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("act", ["demote", "end"])
def test_of_two_owners_who_remove_each_other_at_once_one_stays(act: str) -> None:
    shop = Organization.objects.create(kind="advertiser", code="shop", name="Shop")
    ada, bob = member(shop, "ada", "owner"), member(shop, "bob", "owner")
    start = Barrier(2)

    def remove(other: Membership, actor: User) -> str:
        try:
            with transaction.atomic():
                start.wait(60)
                if act == "demote":
                    change_role(other, "viewer", actor=actor, now=NOW)
                else:
                    end_membership(other, actor=actor, now=NOW)
            return "done"
        except PeopleRefused as error:
            return error.code
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as two:
        outcomes = [two.submit(remove, bob, ada.user), two.submit(remove, ada, bob.user)]
        assert sorted(one.result(60) for one in outcomes) == ["done", "last_owner"]
    assert Membership.objects.filter(role="owner").count() == 1


def test_somebody_new_joins_with_the_role_of_the_invitation(shop: Organization) -> None:
    token = invited(shop, " Eve@Example.com ")
    eve = join_as_new(token, name=" Eve ", language="de", password=PASSWORD, now=NOW)
    assert (eve.email, eve.name, eve.language, eve.check_password(PASSWORD)) == ("eve@example.com", "Eve", "de", True)
    assert eve.memberships.get().role == "editor"
    assert invitation_of(token, NOW) is None
    refused("gone", lambda: join_as_new(token, name="Eve", language="de", password=PASSWORD, now=NOW))
    assert [entry.action for entry in AuditEntry.objects.order_by("id")] == ["invited", "joined"]
    assert "@" not in str(list(AuditEntry.objects.values()))


def test_somebody_who_signs_in_already_joins_as_they_are(shop: Organization) -> None:
    eve = User.objects.create_user("eve@example.com", PASSWORD, name="Eve")
    token = invited(shop)
    refused("known", lambda: join_as_new(token, name="Mallory", language="en", password="another " * 3, now=NOW))
    mallory = User.objects.create_user("mallory@example.com", PASSWORD, name="Mallory")
    refused("another", lambda: join(token, mallory, now=NOW))
    assert join(token, eve, now=NOW).user == eve
    refused("gone", lambda: join(token, eve, now=NOW))
    eve.refresh_from_db()
    assert (eve.name, eve.check_password(PASSWORD)) == ("Eve", True)


def test_what_a_new_person_says_is_checked_and_the_invitation_stays_open(shop: Organization) -> None:
    token = invited(shop)
    refused("name", lambda: join_as_new(token, name="  ", language="en", password=PASSWORD, now=NOW))
    with pytest.raises(ValidationError, match="too short"):
        join_as_new(token, name="Eve", language="en", password="short", now=NOW)
    assert not User.objects.exists()
    assert invitation_of(token, NOW)


def test_an_invitation_ends_by_time_by_withdrawal_and_by_being_sent_again(shop: Organization) -> None:
    ada = member(shop, "ada", "owner").user
    first = invited(shop)
    assert invitation_of(first, NOW + OPEN_FOR - timedelta(seconds=1))
    assert invitation_of(first, NOW + OPEN_FOR) is None
    second = invited(shop, role="viewer")
    assert invitation_of(first, NOW) is None
    found = invitation_of(second, NOW)
    assert found
    assert (found.role, Invitation.objects.count()) == ("viewer", 1)
    assert withdraw(found, actor=ada, now=NOW)
    assert not withdraw(found, actor=ada, now=NOW)
    assert invitation_of(second, NOW) is None
    assert invitation_of(invited(shop), NOW)  # another one may follow


@pytest.mark.parametrize(
    ("email", "role", "why"),
    [("eve", "viewer", "email"), ("eve@example.com", "boss", "role"), ("ADA@example.com", "viewer", "member")],
)
def test_who_cannot_be_invited(shop: Organization, email: str, role: str, why: str) -> None:
    member(shop, "ada", "owner")
    refused(why, lambda: invited(shop, email, role))
    assert not Invitation.objects.exists()


def test_the_link_itself_is_kept_nowhere(shop: Organization) -> None:
    token = invited(shop)
    assert token not in str([*Invitation.objects.values_list(), *AuditEntry.objects.values_list()])


@pytest.mark.django_db(transaction=True)
def test_of_two_who_open_one_invitation_at_once_one_joins() -> None:
    shop = Organization.objects.create(kind="advertiser", code="shop", name="Shop")
    token, start = invited(shop), Barrier(2)

    def open_it(name: str) -> str:
        try:
            start.wait(60)
            return join_as_new(token, name=name, language="en", password=PASSWORD, now=NOW).name
        except PeopleRefused as error:
            return error.code
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as two:
        outcomes = sorted(one.result(60) for one in [two.submit(open_it, "Eve"), two.submit(open_it, "Adam")])
    assert outcomes[0] in ("Adam", "Eve")
    assert outcomes[1] == "gone"
    assert User.objects.count() == 1
