"""Letting people in."""

import pytest
from django.contrib.auth import authenticate

from accredit.access.models import Organization, User
from accredit.access.operations import MembershipRefused, OrganizationRefused, add_member

pytestmark = pytest.mark.django_db
ADA = {
    "email": "Ada@example.com",
    "name": "Ada",
    "password": "correct horse battery",
    "organization": "shop",
    "role": "editor",
}


@pytest.fixture(autouse=True)
def shop() -> Organization:
    return Organization.objects.create(kind="advertiser", code="shop", name="Shop")


def test_a_member_signs_in_and_belongs_to_the_organization(shop: Organization) -> None:
    member = add_member(**ADA)
    assert (member.organization, member.role) == (shop, "editor")
    assert authenticate(username="ada@example.com", password=ADA["password"]) == member.user


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"organization": "shoe"}, "There is no organization 'shoe'; there are: shop"),
        ({"role": "boss"}, "There is no role 'boss'; there are: owner, editor, viewer"),
        ({"email": "ada"}, "Enter a valid email address"),
        ({"password": "short"}, "This password is too short"),
        ({"password": "ada@example.com"}, "too similar to your name or your e-mail address"),
    ],
)
def test_what_is_wrong_is_refused_and_nobody_is_added(wrong: dict[str, str], sentence: str) -> None:
    with pytest.raises((MembershipRefused, OrganizationRefused), match=sentence):
        add_member(**{**ADA, **wrong})
    assert not User.objects.exists()


def test_an_e_mail_signs_in_one_person() -> None:
    add_member(**ADA)
    with pytest.raises(MembershipRefused, match=r"ada@example\.com already signs in"):
        add_member(**ADA)
