"""People in the browser: invitations, roles, two steps, passkeys, sessions, keys; and axe on every one of the pages."""

import re
import time
from collections.abc import Callable

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core import mail
from playwright.sync_api import Page, expect

from accredit.access.models import Membership, User
from tests.browser.test_accessibility import NARROW, WIDE, serious
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
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()


def confirm(page: Page) -> None:
    """Says again who one is, before something about signing in changes."""
    expect(page.get_by_role("heading", name="Is it you?")).to_be_visible()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()


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

    eve = visit(None, link_in_mail())
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
    assert [text for text in complaints if "422" not in text] == []  # what was refused twice
    complaints.clear()


def test_a_partner_without_people_gets_its_first_owner(visit: Visit, shop: Shop) -> None:
    page = visit("agency", "/programs/anvils/people")
    page.get_by_role("button", name="Let people sign in Ann Dover").click()
    page.get_by_label("E-mail", exact=True).fill("ann@example.com")
    page.get_by_label("Role", exact=True).select_option(label="Owner")
    page.get_by_role("button", name="Invite").click()
    expect(page.get_by_role("status")).to_contain_text("ann@example.com")
    ann = visit(None, link_in_mail())
    ann.get_by_label("Name").fill("Ann")
    ann.get_by_label("Password").fill(PASSWORD)
    ann.get_by_role("button", name="Join").click()
    expect(ann).to_have_title(re.compile("Conversions · Anvil Shop"))
    expect(ann.locator(".tabulator-row")).to_have_count(1)
    page.goto("/programs/anvils/people")
    expect(page.get_by_role("row", name=re.compile("Ann Dover"))).to_contain_text("its owner invites")


def test_a_code_of_an_app_is_asked_for_and_a_recovery_code_opens_once(visit: Visit, shop: Shop) -> None:
    page = visit("agency", "/account")
    page.get_by_role("link", name="Two steps and passkeys").click()
    page.get_by_role("link", name="Set up an app").click()
    confirm(page)
    page.get_by_label("Code").fill("000000")
    page.get_by_role("button", name="Use this app").click()
    expect(page.get_by_text("This code is not right")).to_be_visible()
    page.get_by_label("Code").fill(code_now(page.locator("code").inner_text()))
    page.get_by_role("button", name="Use this app").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    expect(page.get_by_text("Recovery codes are made: keep them")).to_be_visible()
    codes = page.locator(".codes code").all_inner_texts()
    assert len(set(codes)) == 10

    door = visit(None, "/programs/anvils/conversions")
    sign_in(door, "agency@example.com")
    expect(door.get_by_role("heading", name="Second step")).to_be_visible()
    door.goto("/programs/anvils/conversions")
    expect(door).to_have_url(re.compile("/sign-in"))
    door.get_by_label("Code").fill(codes[0])
    door.get_by_role("button", name="Sign in", exact=True).click()
    expect(door).to_have_title("Conversions · Anvil Shop · Accredit")

    again = visit(None, "/sign-in")
    sign_in(again, "agency@example.com")
    again.get_by_label("Code").fill(codes[0])
    again.get_by_role("button", name="Sign in", exact=True).click()
    expect(again.get_by_text("This code is not right, or it has been used.")).to_be_visible()


def test_a_passkey_signs_in_without_a_password(visit: Visit, shop: Shop) -> None:
    page = visit("agency", "/account/security")
    device = page.context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    device.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    page.get_by_role("link", name="Add a passkey").click()
    confirm(page)
    page.get_by_label("Name").fill("Laptop")
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    page.get_by_role("link", name="I have kept them").click()
    expect(page.get_by_role("rowheader", name="Laptop")).to_be_visible()
    page.locator("[popovertarget=settings]").click()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page).to_have_title("Conversions · Anvil Shop · Accredit")


def test_a_forgotten_password_is_replaced_by_e_mail(visit: Visit, shop: Shop) -> None:
    page = visit(None, "/sign-in")
    page.get_by_role("link", name="Forgotten your password?").click()
    page.get_by_label("E-mail").fill("agency@example.com")
    page.get_by_role("button", name="Send the link").click()
    expect(page.get_by_role("heading", name="Look at your e-mail")).to_be_visible()
    link = link_in_mail()
    page.goto(link)
    page.get_by_label("New password").fill("four words, none alike")
    page.get_by_label("The same again").fill("four words, none alike")
    page.get_by_role("button", name="Change the password").click()
    page.get_by_role("link", name="Sign in").click()
    sign_in(page, "agency@example.com", "four words, none alike")
    expect(page).to_have_title("Conversions · Anvil Shop · Accredit")
    other = visit(None, link)
    expect(other.get_by_text("This link no longer opens")).to_be_visible()


def test_sessions_are_listed_and_ended(visit: Visit, shop: Shop) -> None:
    first, second = visit(None, "/sign-in"), visit(None, "/sign-in")
    for page in (first, second):
        sign_in(page, "agency@example.com")
        expect(page).to_have_title("Conversions · Anvil Shop · Accredit")
    first.goto("/account/sessions")
    expect(first.locator("tbody tr")).to_have_count(2)
    first.get_by_role("button", name=re.compile("^End .*Chrome")).click()
    expect(first.get_by_role("status")).to_have_text("Signed out there.")
    expect(first.locator("tbody tr")).to_have_count(1)
    second.reload()
    expect(second).to_have_url(re.compile("/sign-in"))


def test_a_key_is_shown_once_and_ended(visit: Visit, shop: Shop) -> None:
    page = visit("owner", "/organizations/ACME/keys")
    page.get_by_label("Name").fill("Nightly")
    page.get_by_label("May").select_option(label="Read and validate")
    page.get_by_role("button", name="Make a key").click()
    key = page.locator("#made-key").inner_text()
    assert key.startswith("ak_")
    page.goto("/organizations/ACME/keys")
    assert key not in page.content()
    row = page.get_by_role("row", name=re.compile("Nightly"))
    expect(row).to_contain_text(key[:9])
    row.locator("summary").click()
    row.get_by_role("button", name="End the key").click()
    expect(page.get_by_role("row", name=re.compile("Nightly"))).to_contain_text("ended")


@pytest.mark.parametrize(
    ("language", "scheme", "size"),
    [("en", "light", WIDE), ("de", "dark", NARROW)],
    ids=["en-light-wide", "de-dark-narrow"],
)
def test_axe(visit: Visit, shop: Shop, language: str, scheme: str, size: dict[str, int]) -> None:
    User.objects.update(language=language)
    options = {"color_scheme": scheme, "viewport": size, "bypass_csp": True, "locale": language}
    page = visit("owner", PEOPLE, **options)
    page.locator("#invite-email").fill("eve@example.com")
    page.locator(".inviting button").click()
    expect(page.get_by_role("status")).to_be_visible()
    assert serious(page) == []
    for address in (
        "/account", "/account/password", "/account/security", "/account/sessions", "/organizations/ACME/keys",
        "/organizations/ACME/log", "/programs/anvils/people", "/programs/anvils/log",
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
