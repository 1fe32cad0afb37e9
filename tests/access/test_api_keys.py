"""Keys by which people's own programs speak for them: never more than the person may do, and only as long."""

from datetime import UTC, datetime, timedelta

import pytest

from accredit.access.api_keys import ApiKeyRefused, add_key, end_key, key_of, permissions_of
from accredit.access.models import ApiKey, AuditEntry, Membership, Organization, User
from accredit.access.permissions import Permission
from accredit.programs.models import Program
from accredit.programs.visibility import viewpoint_of_key
from tests.factories.people import Shop, open_shop

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 20, 8, tzinfo=UTC)
MONTH = timedelta(days=30)


@pytest.fixture
def shop() -> Shop:
    return open_shop()


def made(shop: Shop, who: str, scope: str = "read") -> str:
    user = shop.users[who]
    organization = user.organizations.get()
    key, text = add_key(organization=organization, user=user, name="Nightly", scope=scope, ends_at=NOW + MONTH, now=NOW)
    assert text.startswith(key.beginning)
    return text


def test_a_key_opens_until_it_expires(shop: Shop) -> None:
    text = made(shop, "owner", "validate")
    key = key_of(text, NOW + MONTH - timedelta(seconds=1))
    assert key
    assert permissions_of(key) == {Permission.VALIDATE}
    assert key_of(text, NOW + MONTH) is None


def test_the_key_itself_is_kept_nowhere(shop: Shop) -> None:
    text = made(shop, "owner")
    everything = [*ApiKey.objects.values_list(), *AuditEntry.objects.values_list()]
    assert text not in str(everything)


@pytest.mark.parametrize("text", ["", "ak_", "ak_wrong", "sk_wrong", "ak_\0", "ü"])
def test_what_is_no_key_opens_nothing(shop: Shop, text: str) -> None:
    assert key_of(text, NOW) is None


def test_a_key_that_was_ended_opens_nothing_and_ends_once(shop: Shop) -> None:
    text = made(shop, "owner")
    key = ApiKey.objects.get()
    assert end_key(key, actor=shop.users["owner"], now=NOW)
    assert not end_key(key, actor=shop.users["owner"], now=NOW)
    assert key_of(text, NOW) is None
    assert list(AuditEntry.objects.order_by("id").values_list("action", flat=True)) == ["api_key_made", "api_key_ended"]


def test_a_key_may_never_do_more_than_its_maker_may_today(shop: Shop) -> None:
    text = made(shop, "advertiser", "validate")
    Membership.objects.filter(user=shop.users["advertiser"]).update(role="viewer")
    key = key_of(text, NOW)
    assert key
    assert permissions_of(key) == frozenset()
    Membership.objects.filter(user=shop.users["advertiser"]).delete()
    assert key_of(text, NOW) is None


def test_a_key_of_somebody_who_is_switched_off_opens_nothing(shop: Shop) -> None:
    text = made(shop, "owner")
    User.objects.filter(pk=shop.users["owner"].pk).update(is_active=False)
    assert key_of(text, NOW) is None


def test_a_key_sees_the_programs_of_its_own_organization_only(shop: Shop) -> None:
    """Its maker is also a member of the advertiser; the key is the partner's."""
    partner = shop.users["partner"]
    text = made(shop, "partner")
    Membership.objects.create(user=partner, organization=Organization.objects.get(code="ACME"), role="owner")
    key = key_of(text, NOW)
    assert key
    seen = viewpoint_of_key(key, "anvils")
    assert (seen.partners, seen.permissions) == (frozenset({"barb"}), frozenset())
    stranger = key_of(made(shop, "stranger"), NOW)
    assert stranger
    with pytest.raises(Program.DoesNotExist):
        viewpoint_of_key(stranger, "anvils")


def test_the_last_use_is_kept_to_the_minute(shop: Shop) -> None:
    text = made(shop, "owner")
    for seconds in (0, 30, 61):
        assert key_of(text, NOW + timedelta(seconds=seconds))
    assert ApiKey.objects.get().last_used_at == NOW + timedelta(seconds=61)


@pytest.mark.parametrize(
    ("who", "name", "scope", "days", "why"),
    [
        ("owner", " ", "read", 30, "name"),
        ("owner", "x" * 101, "read", 30, "name"),
        ("owner", "Nightly", "everything", 30, "scope"),
        ("viewer", "Nightly", "validate", 30, "scope"),
        ("partner", "Nightly", "validate", 30, "scope"),
        ("owner", "Nightly", "read", 0, "expiry"),
        ("owner", "Nightly", "read", 367, "expiry"),
    ],
)
def test_what_cannot_be_made_is_refused(shop: Shop, who: str, name: str, scope: str, days: int, why: str) -> None:
    user = shop.users[who]
    with pytest.raises(ApiKeyRefused) as refused:
        add_key(
            organization=user.organizations.get(), user=user, name=name, scope=scope,
            ends_at=NOW + timedelta(days=days), now=NOW,
        )  # fmt: skip
    assert refused.value.code == why
    assert not ApiKey.objects.exists()
