"""People in the browser: invitations, roles, two steps, passkeys, sessions, keys; and axe on every one of the pages."""

import re
import time
from collections.abc import Callable

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core import mail
from playwright.sync_api import Page, expect
from pytest_django import Settings

from accredit.access.models import Mail, Membership, User
from tests.browser.test_accessibility import NARROW, WIDE, serious
from tests.factories.installing import NOW
from tests.factories.people import PASSWORD, Shop

pytestmark = pytest.mark.xdist_group("browser")
Visit = Callable[..., Page]
PEOPLE = "/organizations/ACME/people"


def link_in_mail() -> str:
    """The address in the e-mail that came last."""
    found = re.search(r"http://\S+", str(mail.outbox[-1].body))
    assert found
    return found[0]


def sign_in(page: Page, email: str, password: str = PASSWORD) -> None:
    page.locator("[name=login]").fill(email)
    page.locator("[name=password]").fill(password)
    page.locator(".button.main").click()


def confirm(page: Page) -> None:
    """Says again who one is, before something about signing in changes."""
    expect(page).to_have_url(re.compile("/account/confirm"))
    page.locator("[name=password]").fill(PASSWORD)
    page.locator(".button.main").click()


def code_now(secret: str) -> str:
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30)))


def test_an_owner_invites_somebody_who_joins_and_gets_another_role_and_goes(
    visit: Visit, shop: Shop, complaints: list[str]
) -> None:
    page = visit("owner", "/programs/anvils/conversions")
    page.get_by_role("link", name="People").click()
    page.get_by_role("link", name="ACME").click()
    page.get_by_label("E-mail", exact=True).fill("eve@example.com")
    page.get_by_label("Role", exact=True).select_option(label="Editor")
    page.get_by_role("button", name="Invite").click()
    expect(page.get_by_role("status")).to_contain_text("on its way to eve@example.com")
    expect(page.get_by_role("rowheader", name="eve@example.com")).to_be_visible()
    assert "Owner invites you to join ACME" in mail.outbox[-1].body
    first = link_in_mail()
    page.get_by_role("button", name="Send again eve@example.com").click()
    expect(page.get_by_role("status")).to_contain_text("on its way to eve@example.com")
    second = link_in_mail()
    page.get_by_label("E-mail", exact=True).fill("mallory@example.com")
    page.get_by_role("button", name="Invite").click()
    page.get_by_role("button", name="Withdraw mallory@example.com").click()
    expect(page.get_by_role("status")).to_contain_text("The invitation is withdrawn")
    expect(page.get_by_role("rowheader", name="mallory@example.com")).to_have_count(0)

    eve = visit(None, first)
    for dead in (first, link_in_mail()):
        eve.goto(dead)
        expect(eve.get_by_role("heading", name="This invitation no longer opens")).to_be_visible()
    eve.goto(second)
    expect(eve.get_by_role("heading", name="Join ACME")).to_be_visible()
    eve.get_by_label("Name").fill("Eve")
    eve.get_by_label("Password").fill("short")
    eve.get_by_role("button", name="Join").click()
    expect(eve.get_by_text("This password is too short")).to_be_visible()
    expect(eve.get_by_label("Name")).to_have_value("Eve")
    eve.get_by_label("Password").fill(PASSWORD)
    eve.get_by_role("button", name="Join").click()
    expect(eve).to_have_title(re.compile("Conversions · Anvil Shop"))

    page.reload()
    page.get_by_label("Role of Eve").select_option(label="Owner")
    page.get_by_role("button", name="Change Eve").click()
    expect(page.get_by_role("status")).to_have_text("The role is changed.")
    page.get_by_label("Role of Owner").select_option(label="Viewer")
    page.get_by_role("button", name="Change Owner").click()
    expect(page.get_by_role("heading", name="Your role does not allow this")).to_be_hidden()
    assert Membership.objects.get(user__name="Owner").role == "viewer"
    eve.goto(PEOPLE)
    eve.get_by_label("Role of Eve").select_option(label="Viewer")
    eve.get_by_role("button", name="Change Eve").click()
    expect(eve.get_by_role("alert").first).to_contain_text("keeps at least one owner")
    row = eve.get_by_role("row", name=re.compile("Owner.*owner@example.com"))
    row.locator("summary").click()
    row.get_by_role("button", name="End the membership").click()
    expect(eve.get_by_role("status")).to_have_text("The membership is ended.")
    eve.get_by_role("link", name="Audit log").click()
    expect(eve.get_by_role("row", name=re.compile("Eve ended the membership of Owner"))).to_be_visible()
    page.goto("/")
    expect(page.get_by_role("heading", name="No program yet")).to_be_visible()
    assert [text for text in complaints if not re.search("404|422", text)] == []  # dead links, and what was refused
    complaints.clear()


def test_a_partner_without_people_gets_its_first_owner(visit: Visit, shop: Shop) -> None:
    page = visit("agency", "/programs/anvils/people")
    page.get_by_role("button", name="Let people sign in Ann Dover").click()
    page.get_by_label("E-mail", exact=True).fill("ann@example.com")
    page.get_by_label("Role", exact=True).select_option(label="Owner")
    page.get_by_role("button", name="Invite").click()
    expect(page.get_by_role("status")).to_contain_text("ann@example.com")
    ann = visit(None, link_in_mail(), locale="de-DE")
    expect(ann.get_by_role("heading", name="Ann Dover beitreten")).to_be_visible()
    ann.get_by_label("Name").fill("Ann")
    ann.get_by_label("Passwort").fill(PASSWORD)
    ann.get_by_role("button", name="Beitreten").click()
    expect(ann).to_have_title(re.compile("Conversions · Anvil Shop"))
    expect(ann.locator(".tabulator-row")).to_have_count(1)
    page.goto("/programs/anvils/people")
    expect(page.get_by_role("row", name=re.compile("Ann Dover"))).to_contain_text("its owner invites")


def test_a_code_of_an_app_is_asked_for_and_a_recovery_code_opens_once(visit: Visit, shop: Shop) -> None:
    User.objects.update(language="de")
    german = {"locale": "de-DE", "color_scheme": "dark", "bypass_csp": True}
    page = visit("agency", "/account", **german)
    page.get_by_role("link", name="Zwei Schritte und Passkeys").click()
    page.get_by_role("link", name="App einrichten").click()
    assert serious(page) == []
    confirm(page)
    page.get_by_label("Code").fill("000000")
    page.get_by_role("button", name="Diese App benutzen").click()
    expect(page.get_by_text("Dieser Code stimmt nicht")).to_be_visible()
    assert serious(page) == []
    page.get_by_label("Code").fill(code_now(page.locator("code").inner_text()))
    page.get_by_role("button", name="Diese App benutzen").click()
    expect(page.get_by_role("heading", name="Wiederherstellungscodes")).to_be_visible()
    expect(page.get_by_text("Wiederherstellungscodes sind angelegt")).to_be_visible()
    assert serious(page) == []
    codes = page.locator(".codes code").all_inner_texts()
    assert len(set(codes)) == 10

    door = visit(None, "/programs/anvils/conversions", **german)
    sign_in(door, "agency@example.com")
    expect(door.get_by_role("heading", name="Zweiter Schritt")).to_be_visible()
    assert serious(door) == []
    door.goto("/programs/anvils/conversions")
    expect(door).to_have_url(re.compile("/sign-in"))
    door.get_by_label("Code").fill(codes[0])
    door.get_by_role("button", name="Anmelden", exact=True).click()
    expect(door).to_have_title("Conversions · Anvil Shop · Accredit")

    again = visit(None, "/sign-in", **german)
    sign_in(again, "agency@example.com")
    again.get_by_label("Code").fill(codes[0])
    again.get_by_role("button", name="Anmelden", exact=True).click()
    expect(again.get_by_text("Dieser Code stimmt nicht, oder er ist verbraucht.")).to_be_visible()


def test_a_passkey_signs_in_without_a_password(visit: Visit, shop: Shop) -> None:
    page = visit("agency", "/account/security", bypass_csp=True)
    device = page.context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    device.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    page.get_by_role("link", name="Add a passkey").click()
    confirm(page)
    assert serious(page) == []
    page.get_by_label("Name").fill("Laptop")
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    page.get_by_role("link", name="I have kept them").click()
    expect(page.get_by_role("rowheader", name="Laptop")).to_be_visible()
    assert serious(page) == []
    page.locator("[popovertarget=settings]").click()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page).to_have_title("Conversions · Anvil Shop · Accredit")


def test_a_forgotten_password_is_replaced_by_e_mail_and_sessions_are_ended(
    visit: Visit, shop: Shop, complaints: list[str]
) -> None:
    User.objects.update(language="de")
    german = {"locale": "de-DE", "bypass_csp": True}
    page = visit(None, "/sign-in", **german)
    page.get_by_role("link", name="Passwort vergessen?").click()
    page.get_by_label("E-Mail").fill("agency@example.com")
    page.get_by_role("button", name="Link senden").click()
    expect(page.get_by_role("heading", name="Sehen Sie in Ihre E-Mails")).to_be_visible()
    link = link_in_mail()
    page.goto(link)
    assert serious(page) == []
    page.get_by_label("Neues Passwort").fill("four words, none alike")
    page.get_by_label("Noch einmal dasselbe").fill("four words, none alike")
    page.get_by_role("button", name="Passwort ändern").click()
    page.get_by_role("link", name="Anmelden").click()
    others = [visit(None, link, **german), visit(None, "/sign-in"), visit(None, "/sign-in")]
    expect(others[0].get_by_text("Dieser Link öffnet sich nicht mehr")).to_be_visible()
    others[0].goto("/sign-in")
    for one in (page, *others):
        sign_in(one, "agency@example.com", "four words, none alike")
        expect(one).to_have_title("Conversions · Anvil Shop · Accredit")

    page.goto("/account/sessions")
    expect(page.locator("tbody tr")).to_have_count(4)
    page.get_by_role("button", name=re.compile("^Beenden .*Chrome")).first.click()
    expect(page.get_by_role("status")).to_have_text("Dort abgemeldet.")
    expect(page.locator("tbody tr")).to_have_count(3)
    page.get_by_role("button", name="Alle übrigen Sitzungen beenden").click()
    expect(page.get_by_role("status")).to_have_text("Dort abgemeldet.")
    expect(page.locator("tbody tr")).to_have_count(1)
    for one in others:
        one.reload()
        expect(one).to_have_url(re.compile("/sign-in"))
    assert [text for text in complaints if "401" not in text] == []  # lists that were open asked for news
    complaints.clear()


def test_a_partner_makes_a_key_that_is_shown_once_and_ends_it(visit: Visit, shop: Shop) -> None:
    User.objects.update(language="de")
    keys = "/organizations/partner/keys"
    page = visit("partner", keys, bypass_csp=True)
    page.get_by_label("Name").fill("Jede Nacht")
    expect(page.get_by_label("Darf").locator("option")).to_have_text(["Lesen"])  # partners validate nothing
    page.get_by_role("button", name="Schlüssel erstellen").click()
    key = page.locator("#made-key").inner_text()
    assert key.startswith("ak_")
    assert serious(page) == []
    page.goto(keys)
    assert key not in page.content()
    row = page.get_by_role("row", name=re.compile("Jede Nacht"))
    expect(row).to_contain_text(key[:9])
    row.locator("summary").click()
    row.get_by_role("button", name="Schlüssel beenden").click()
    expect(page.get_by_role("row", name=re.compile("Jede Nacht"))).to_contain_text("beendet")


@pytest.mark.parametrize(
    ("language", "scheme", "size"),
    [("en", "light", WIDE), ("de", "dark", NARROW)],
    ids=["en-light-wide", "de-dark-narrow"],
)
def test_axe(visit: Visit, shop: Shop, settings: Settings, language: str, scheme: str, size: dict[str, int]) -> None:
    settings.IS_DEMO = True
    Mail.objects.create(to="eve@example.com", subject="Hello", text="Come: http://shop.example", sent_at=NOW)
    User.objects.update(language=language)
    options = {"color_scheme": scheme, "viewport": size, "bypass_csp": True, "locale": language}
    page = visit("owner", PEOPLE, **options)
    page.locator("#invite-email").fill("eve@example.com")
    page.locator(".inviting button").click()
    expect(page.get_by_role("status")).to_be_visible()
    assert serious(page) == []
    for address in (
        "/account", "/account/password", "/account/security", "/account/sessions", "/organizations/ACME/keys",
        "/organizations/ACME/log", "/programs/anvils/people", "/programs/anvils/log", "/mailbox",
    ):  # fmt: skip
        page.goto(address)
        assert serious(page) == [], address
        assert page.evaluate("document.documentElement.scrollWidth") == size["width"], address
    page.goto("/account/security/app")
    assert serious(page) == []
    door = visit(None, link_in_mail(), **options)
    assert serious(door) == []
    door.goto("/sign-in/forgot")
    assert serious(door) == []
