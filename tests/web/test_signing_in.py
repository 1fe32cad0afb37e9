"""Signing in and out, and what a user chooses for the pages."""

from collections.abc import Callable

import pytest
from django.test import Client

from accredit.access.models import User
from tests.factories.people import PASSWORD, Shop

As = Callable[[str | None], Client]
LIST = "/programs/anvils/conversions"


def test_signing_in_goes_where_one_was_headed(shop: Shop) -> None:
    browser = Client()
    asked = browser.get(f"{LIST}?status=open")
    answer = browser.post(asked.headers["Location"], {"login": "Agency@Example.com ", "password": PASSWORD})
    assert answer.headers["Location"] == f"{LIST}?status=open"
    assert browser.get(answer.headers["Location"]).status_code == 200


def test_signing_in_never_leads_to_another_site(shop: Shop) -> None:
    data = {"login": "agency@example.com", "password": PASSWORD, "next": "https://elsewhere.example/"}
    assert Client().post("/sign-in", data).headers["Location"] == "/"


@pytest.mark.parametrize(("email", "password"), [("agency@example.com", "wrong"), ("nobody@example.com", PASSWORD)])
def test_a_wrong_password_and_an_unknown_user_get_the_same_answer(shop: Shop, email: str, password: str) -> None:
    answer = Client().post("/sign-in", {"login": email, "password": password}, headers={"Accept-Language": "de"})
    assert answer.status_code == 200
    assert "E-Mail und Passwort gehören nicht zusammen." in answer.text


def test_a_user_who_is_switched_off_stays_outside(shop: Shop) -> None:
    User.objects.filter(email="agency@example.com").update(is_active=False)
    answer = Client().post("/sign-in", {"login": "agency@example.com", "password": PASSWORD})
    assert "_auth_user_id" not in answer.client.session


def test_after_signing_out_the_pages_are_closed(shop: Shop, as_: As) -> None:
    browser = as_("agency")
    browser.post("/sign-out")
    assert browser.get(LIST).status_code == 302


@pytest.mark.parametrize(
    ("choice", "value", "shown"),
    [
        ("language", "de", '<html lang="de"'),
        ("colour_scheme", "dark", 'data-scheme="dark"'),
        ("density", "compact", 'data-density="compact"'),
    ],
)
def test_choices_are_kept_on_the_user_and_hold_in_every_browser(
    shop: Shop, as_: As, choice: str, value: str, shown: str
) -> None:
    answer = as_("agency").post("/preferences", {choice: value, "next": f"{LIST}?status=open"})
    assert answer.headers["Location"] == f"{LIST}?status=open"
    assert getattr(User.objects.get(email="agency@example.com"), choice) == value
    assert shown in as_("agency").get(LIST).text
    assert shown not in as_("advertiser").get(LIST).text


def test_an_unknown_choice_changes_nothing(shop: Shop, as_: As) -> None:
    as_("agency").post("/preferences", {"language": "fr", "density": "", "email": "x@example.com"})
    user = User.objects.get(id=shop.users["agency"].id)
    assert (user.language, user.density, user.email) == ("en", "comfortable", "agency@example.com")


def test_before_signing_in_the_browser_keeps_the_language(db: None) -> None:
    browser = Client()
    assert "Sign in" in browser.get("/sign-in").text
    assert browser.post("/preferences", {"language": "de", "next": "//elsewhere.example"}).headers["Location"] == "/"
    assert "Anmelden" in browser.get("/sign-in").text


def test_a_forged_form_is_refused_in_words(shop: Shop) -> None:
    browser = Client(enforce_csrf_checks=True)
    answer = browser.post("/preferences", {"language": "de"}, headers={"Accept-Language": "de"})
    assert answer.status_code == 403
    assert "Dieses Formular gilt nicht mehr" in answer.text


def test_a_user_without_a_program_reads_what_to_do_next(shop: Shop, as_: As) -> None:
    page = as_("stranger").get("/").text
    assert "No program yet" in page
    assert "accredit program apply" in page
