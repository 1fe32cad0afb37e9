"""Whose people somebody reaches, and pages that stay quick however many there are."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.sessions.models import Session
from django.core import mail
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from accredit.access.api_keys import add_key, key_of
from accredit.access.models import ApiKey, AuditEntry, Invitation, Membership, Organization, User
from accredit.access.people import invite
from accredit.programs.models import Partner
from tests.factories.people import PASSWORD, Shop

As = Callable[[str | None], Client]
PEOPLE = "/organizations/ACME/people"


def test_an_agency_invites_into_the_advertiser_whose_program_it_runs_and_changes_nobody(shop: Shop, as_: As) -> None:
    browser = as_("agency")
    page = browser.get(PEOPLE).text
    assert "You are no member here; you may invite people." in page
    assert "Role of Owner" not in page
    data = {"email": "eve@example.com", "role": "editor", "language": "de"}
    assert browser.post("/organizations/ACME/invitations", data).headers["Location"] == PEOPLE
    assert (mail.outbox[0].to, mail.outbox[0].subject) == (
        ["eve@example.com"],
        "Einladung, in Accredit ACME beizutreten",
    )
    viewer = Membership.objects.get(user=shop.users["viewer"])
    answer = browser.post(f"/organizations/ACME/members/{viewer.pk}", {"do": "end"})
    assert (answer.status_code, Membership.objects.filter(pk=viewer.pk).exists()) == (404, True)


def test_a_partner_is_reached_until_somebody_owns_it(shop: Shop, as_: As) -> None:
    browser, ann = as_("owner"), Partner.objects.get(code="ann")
    made = browser.post("/programs/anvils/people", {"partner": "ann"}).headers["Location"]
    assert made == "/organizations/ann/people"
    assert browser.post("/programs/anvils/people", {"partner": "ann"}).headers["Location"] == made  # a double click
    ann.refresh_from_db()
    assert ann.organization
    assert (ann.organization.kind, ann.organization.name) == ("partner", "Ann Dover")
    assert browser.get(made).status_code == 200
    assert as_("advertiser").get(made).status_code == 404
    user = User.objects.create_user("ann@example.com", PASSWORD, name="Ann")
    member = Membership.objects.create(user=user, organization=ann.organization, role="editor")
    assert browser.get(made).status_code == 200
    Membership.objects.filter(pk=member.pk).update(role="owner")
    assert browser.get(made).status_code == 404


def test_a_taken_code_gets_another(shop: Shop, as_: As) -> None:
    Organization.objects.create(kind="partner", code="ann", name="Another Ann")
    assert as_("owner").post("/programs/anvils/people", {"partner": "ann"}).headers["Location"] == (
        "/organizations/anvils-ann/people"
    )


def test_what_was_typed_into_a_refused_invitation_stays(shop: Shop, as_: As) -> None:
    answer = as_("owner").post("/organizations/ACME/invitations", {"email": "eve@", "role": "editor"})
    assert answer.status_code == 422
    assert 'value="eve@"' in answer.text
    assert '<option value="editor" selected>' in answer.text
    assert "This is no e-mail address." in answer.text


def test_an_open_invitation_keeps_its_role(shop: Shop, as_: As) -> None:
    browser = as_("owner")
    for role, status in [("owner", 302), ("viewer", 422), ("owner", 302)]:
        answer = browser.post("/organizations/ACME/invitations", {"email": "eve@example.com", "role": role})
        assert answer.status_code == status
        assert ("This person is invited already, with another role." in answer.text) == (status == 422)
        assert Invitation.objects.get().role == "owner"


def test_an_invitation_whose_mail_is_not_taken_stays_and_says_so(
    shop: Shop, as_: As, settings: Settings, unused_port: int
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", unused_port
    browser = as_("owner")
    browser.post("/organizations/ACME/invitations", {"email": "eve@example.com", "role": "editor"})
    assert Invitation.objects.get().email == "eve@example.com"
    assert "eve@example.com is invited, but the e-mail could not be sent." in browser.get(PEOPLE).text


@pytest.fixture
def unused_port() -> int:
    """Nobody listens there: the discard service of old."""
    return 9


def test_an_invitation_is_for_its_own_e_mail(shop: Shop, as_: As) -> None:
    acme = Organization.objects.get(code="ACME")
    _one, token = invite(
        organization=acme, email="stranger@example.com", role="viewer", language="en", actor=None, now=datetime.now(UTC)
    )
    link = f"/invitations/{token}"
    assert "You are signed in as partner@example.com" in as_("partner").get(link).text
    assert as_("partner").post(link).status_code == 200
    assert "You sign in here already." in Client().get(link).text
    browser = as_("stranger")
    assert browser.get("/programs/anvils/conversions").status_code == 404
    assert browser.post(link).headers["Location"] == "/"
    assert browser.get("/programs/anvils/conversions").status_code == 200
    assert browser.get(link).status_code == 404


def test_whoever_joins_is_signed_in_and_sees_that_session(shop: Shop) -> None:
    acme = Organization.objects.get(code="ACME")
    _one, token = invite(
        organization=acme, email="eve@example.com", role="viewer", language="en", actor=None, now=datetime.now(UTC)
    )
    browser = Client()
    said = {"name": "Eve", "language": "de", "password": PASSWORD}
    assert browser.post(f"/invitations/{token}", said).headers["Location"] == "/"
    assert browser.get("/account/sessions").text.count("diese") == 1


def test_keys_and_the_log_of_others_are_not_reached_by_their_ids(shop: Shop, as_: As) -> None:
    owner = as_("owner")
    owner.post("/organizations/ACME/keys", {"name": "Nightly", "scope": "validate", "days": "30"})
    key = ApiKey.objects.get()
    assert as_("stranger").post(f"/organizations/stranger/keys/{key.pk}/end").status_code == 404
    assert ApiKey.objects.get().ended_at is None
    assert owner.post(f"/organizations/ACME/keys/{key.pk}/end").status_code == 302
    assert ApiKey.objects.get().ended_at
    assert "Nightly" in owner.get("/organizations/ACME/log").text
    assert "Nightly" not in as_("stranger").get("/organizations/stranger/log").text
    assert AuditEntry.objects.count() == 2


def test_an_owner_of_the_agency_switches_people_of_its_programs_off_and_on(shop: Shop, as_: As) -> None:
    acme, agency = Organization.objects.get(code="ACME"), as_("agency")
    editor, browser = shop.users["advertiser"], Client()
    browser.post("/sign-in", {"login": editor.email, "password": PASSWORD})
    now = datetime.now(UTC)
    _key, text = add_key(
        organization=acme, user=editor, name="Shop", scope="read", ends_at=now + timedelta(days=9), now=now
    )
    members = {one.user_id: f"/organizations/ACME/members/{one.pk}/switch" for one in acme.memberships.all()}
    assert as_("owner").post(members[editor.pk], {"do": "off"}).status_code == 403
    assert agency.get(PEOPLE).text.count('value="off"') == 3
    assert agency.post(members[editor.pk], {"do": "off"}).status_code == 302
    assert browser.get("/account").headers["Location"].startswith("/sign-in")
    assert key_of(text, now) is None
    for password in (PASSWORD, "something else"):
        browser.post("/sign-in", {"login": editor.email, "password": password})
    assert agency.get(PEOPLE).text.count('value="on"') == 1
    agency.post(members[editor.pk], {"do": "on"})
    assert key_of(text, now)
    assert browser.post("/sign-in", {"login": editor.email, "password": PASSWORD}).headers["Location"] == "/"
    lines = AuditEntry.objects.order_by("id").values_list("actor_name", "action").exclude(action="api_key_made")
    assert [*lines] == [
        ("Advertiser", "signed_in"), ("Agency", "switched_off"), ("", "sign_in_refused"), ("", "sign_in_refused"),
        ("Agency", "switched_on"), ("Advertiser", "signed_in"),
    ]  # fmt: skip
    assert "was refused at signing in as" in as_("owner").get("/organizations/ACME/log").text

    # Whoever also belongs elsewhere is not the agency's to switch off, nor is somebody their own.
    Organization.objects.get(name="Somebody Else").memberships.create(user=shop.users["viewer"], role="viewer")
    assert agency.post(members[shop.users["viewer"].pk], {"do": "off"}).status_code == 403
    own = shop.users["agency"].memberships.get()
    assert agency.post(f"/organizations/agency/members/{own.pk}/switch", {"do": "off"}).status_code == 403


def test_pages_ask_as_much_of_a_hundred_people_as_of_three(
    shop: Shop, as_: As, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    acme, owner = Organization.objects.get(code="ACME"), as_("owner")
    users = User.objects.bulk_create(User(email=f"{n}@example.com", name=f"Member {n}") for n in range(100))
    Membership.objects.bulk_create(Membership(user=user, organization=acme, role="viewer") for user in users)
    for address in (PEOPLE, "/organizations/ACME/keys", "/organizations/ACME/log", "/programs/anvils/people"):
        with django_assert_max_num_queries(10):
            assert owner.get(address).status_code == 200


def test_the_profile_changes_name_and_language(shop: Shop, as_: As) -> None:
    browser = as_("viewer")
    assert browser.post("/account", {"name": "Vera", "language": "de"}).headers["Location"] == "/account"
    assert '<html lang="de"' in browser.get("/account").text
    refused = browser.post("/account", {"name": "", "language": "fr"})
    assert refused.status_code == 200
    assert User.objects.get(email="viewer@example.com").name == "Vera"


def test_a_key_is_shown_once_and_reloading_makes_no_second_one(shop: Shop, as_: As) -> None:
    browser, page = as_("owner"), "/organizations/ACME/keys"
    assert browser.post(page, {"name": "Nightly", "scope": "read", "days": "30"}).headers["Location"] == page
    assert browser.head(page).status_code == 200
    assert "made-key" not in browser.get("/organizations/ACME/people").text
    first, second = browser.get(page).text, browser.get(page).text
    key = ApiKey.objects.get()
    assert f'id="made-key">{key.beginning}' in first
    assert "made-key" not in second
    assert "http://testserver/api/v1/programs" in second
    assert key.beginning not in str(Session.objects.values_list("session_data"))
