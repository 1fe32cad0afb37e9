"""Users, organizations and memberships as the database keeps them."""

import pytest
from django.contrib.auth import authenticate
from django.db import IntegrityError, transaction

from accredit.access.models import Membership, Organization, User

pytestmark = pytest.mark.django_db


def test_a_user_signs_in_with_the_e_mail_however_it_is_capitalised() -> None:
    user = User.objects.create_user("Ada@Example.com", "correct horse battery", name="Ada")
    assert user.email == "ada@example.com"
    assert authenticate(username="ADA@example.com", password="correct horse battery") == user
    assert authenticate(username="ada@example.com", password="wrong") is None


def test_a_user_without_a_password_cannot_sign_in() -> None:
    User.objects.create_user("ada@example.com", name="Ada")
    assert authenticate(username="ada@example.com", password="") is None


@pytest.mark.parametrize(
    ("field", "value", "constraint"),
    [
        ("email", "Ada@example.com", "access_user_email_lower_case"),
        ("language", "fr", "access_user_language"),
        ("colour_scheme", "blue", "access_user_colour_scheme"),
        ("density", "airy", "access_user_density"),
    ],
)
def test_the_database_refuses(field: str, value: str, constraint: str) -> None:
    user = User.objects.create_user("ada@example.com", name="Ada")
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        User.objects.filter(pk=user.pk).update(**{field: value})


def test_a_user_belongs_to_an_organization_once() -> None:
    user = User.objects.create_user("ada@example.com", name="Ada")
    shop = Organization.objects.create(kind="advertiser", code="shop", name="Shop")
    Membership.objects.create(user=user, organization=shop, role="owner")
    assert list(user.organizations.all()) == [shop]
    with pytest.raises(IntegrityError, match="access_membership_once"), transaction.atomic():
        Membership.objects.create(user=user, organization=shop, role="viewer")
