"""The door and what guards it: attempts are counted, nobody signs up, secrets are sealed, providers come by choice."""

import json
import re
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from ipaddress import ip_network
from threading import Thread
from time import time
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core import mail
from django.test import Client
from django.urls import NoReverseMatch, reverse
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from accredit.access.models import AuditEntry, Mail, User
from accredit.access.operations import MembershipRefused, remove_two_factor
from accredit.web.people.adapters import TwoFactorAdapter, client_address
from tests.factories.installing import NOW
from tests.factories.people import PASSWORD, Shop

As = Callable[[str | None], Client]


def attempt(password: str, address: str = "203.0.113.9") -> str:
    data = {"login": "agency@example.com", "password": password}
    answer = Client(REMOTE_ADDR=address).post("/sign-in", data)
    return answer.headers.get("Location") or answer.text


def test_after_five_wrong_passwords_the_right_one_waits_too_from_wherever_it_comes(shop: Shop) -> None:
    for _time in range(5):
        assert "E-mail and password do not belong together." in attempt("wrong")
    assert "Too many attempts." in attempt(PASSWORD)
    assert "Too many attempts." in attempt(PASSWORD, "198.51.100.7")
    assert Client().post("/sign-in", {"login": "owner@example.com", "password": PASSWORD}).headers["Location"] == "/"


def test_after_five_wrong_codes_right_ones_wait_too_from_wherever_they_come(shop: Shop) -> None:
    user = shop.users["agency"]
    secret = "JBSWY3DPEHPK3PXP"
    Authenticator.objects.create(
        user=user, type=Authenticator.Type.TOTP, data={"secret": TwoFactorAdapter().encrypt(secret)}
    )
    recovery = RecoveryCodes.activate(user).get_unused_codes()

    def second_step(code: str, address: str) -> str:
        browser = Client(REMOTE_ADDR=address)
        browser.post("/sign-in", {"login": user.email, "password": PASSWORD})
        answer = browser.post("/sign-in/second-factor", {"code": code})
        return answer.headers.get("Location") or answer.text

    assert second_step(recovery[0], "203.0.113.9") == "/"
    for address in range(5):  # codes of an app and recovery codes are typed into the same field
        assert "This code is not right" in second_step("000000", f"203.0.113.{address}")
    assert AuditEntry.objects.filter(action="sign_in_refused", subject="Agency").count() == 5
    for right in (format_hotp_value(hotp_value(secret, int(time()) // 30)), recovery[1]):
        assert "Too many attempts." in second_step(right, "198.51.100.7")


def test_what_is_not_offered_does_not_exist(shop: Shop, as_: As) -> None:
    names = ("account_signup", "account_email", "account_request_login_code", "socialaccount_signup", "mfa_trust",
             "socialaccount_connections", "mfa_signup_webauthn")  # fmt: skip
    for name in names:
        with pytest.raises(NoReverseMatch):
            reverse(name)


def test_an_unknown_e_mail_and_a_known_one_get_the_same_answer_and_one_gets_a_mail(shop: Shop) -> None:
    User.objects.filter(email="agency@example.com").update(language="de")
    User.objects.filter(email="viewer@example.com").update(is_active=False)
    answers = [
        Client().post("/sign-in/forgot", {"email": email}).headers["Location"]
        for email in ("Agency@example.com", "nobody@example.com", "viewer@example.com")
    ]
    assert set(answers) == {"/sign-in/forgot/sent"}
    (one,) = mail.outbox
    assert (one.to, one.subject) == (["agency@example.com"], "Ein neues Passwort für Accredit")


def test_in_the_demo_mails_are_on_a_page_for_those_who_sign_in(shop: Shop, as_: As, settings: Settings) -> None:
    settings.IS_DEMO = True
    settings.EMAIL_BACKEND = "accredit.access.mailing.KeepInMailbox"
    Client().post("/sign-in/forgot", {"email": "agency@example.com"})
    assert not mail.outbox
    assert Mail.objects.get().to == "agency@example.com"
    page = as_("viewer").get("/mailbox").text
    assert "A new password for Accredit" in page
    assert re.search(r'<a href="http://testserver/sign-in/new-password/[^"]+"', page)
    assert Client().get("/mailbox").headers["Location"].startswith("/sign-in")


def test_secrets_of_the_second_step_are_sealed_and_an_operator_removes_them(shop: Shop) -> None:
    adapter = TwoFactorAdapter()
    sealed = adapter.encrypt("JBSWY3DPEHPK3PXP")
    assert "JBSWY3DPEHPK3PXP" not in sealed
    assert adapter.decrypt(sealed) == "JBSWY3DPEHPK3PXP"
    Authenticator.objects.create(user=shop.users["owner"], type=Authenticator.Type.TOTP, data={"secret": sealed})
    assert "second-factor" in attempt_of("owner@example.com")
    assert remove_two_factor("Owner@example.com", now=NOW)
    assert not remove_two_factor("owner@example.com", now=NOW)
    with pytest.raises(MembershipRefused, match="Nobody signs in with 'nobody@example"):
        remove_two_factor("nobody@example.com", now=NOW)
    assert attempt_of("owner@example.com") == "/"
    actions = AuditEntry.objects.order_by("id").values_list("action", "actor_name", "subject")
    assert [*actions] == [("two_factor_reset", "", "Owner"), ("signed_in", "Owner", "Owner")]


def attempt_of(email: str) -> str:
    return str(Client().post("/sign-in", {"login": email, "password": PASSWORD}).headers["Location"])


@pytest.mark.parametrize(
    ("peer", "told", "address"),
    [
        ("203.0.113.9", "", "203.0.113.9"),
        ("203.0.113.9", "198.51.100.7", "203.0.113.9"),
        ("10.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "1.1.1.1, 198.51.100.7, 10.0.0.2", "198.51.100.7"),
        ("::ffff:10.0.0.1", "2001:db8::1", "2001:db8::1"),
        ("10.0.0.1", "nonsense", "10.0.0.1"),
    ],
)
def test_whose_address_counts_behind_proxies(peer: str, told: str, address: str) -> None:
    assert client_address(peer, told, (ip_network("10.0.0.0/8"),)) == address


class Provider(BaseHTTPRequestHandler):
    """As much of an OpenID Connect provider as a sign-in needs. Whoever comes is `email`."""

    email = "agency@example.com"
    verified = True

    def do_GET(self) -> None:
        here = f"http://127.0.0.1:{self.server.server_port}"  # type: ignore[attr-defined]
        if self.path.startswith("/.well-known/"):
            self.say({"issuer": here, "authorization_endpoint": f"{here}/authorize", "token_endpoint": f"{here}/token",
                      "userinfo_endpoint": f"{here}/me"})  # fmt: skip
        else:
            self.say({"sub": f"id of {self.email}", "email": self.email, "email_verified": self.verified})

    def do_POST(self) -> None:
        self.say({"access_token": "t", "token_type": "Bearer"})

    def say(self, value: dict[str, object]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(value).encode())

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.fixture
def provider(settings: Settings) -> Iterator[type[Provider]]:
    server = HTTPServer(("127.0.0.1", 0), Provider)
    Thread(target=server.serve_forever, daemon=True).start()
    app = {
        "provider_id": "oidc", "name": "Works", "client_id": "accredit", "secret": "s",
        "settings": {"server_url": f"http://127.0.0.1:{server.server_port}"},
    }  # fmt: skip
    settings.SIGN_IN_PROVIDER = app
    settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": [app]}}
    yield Provider
    server.shutdown()
    server.server_close()
    Provider.email, Provider.verified = "agency@example.com", True


@pytest.mark.parametrize(
    ("email", "verified", "comes_in"),
    [
        ("Agency@example.com", True, True),
        ("agency@example.com", False, False),  # whoever may say any address there is not believed
        ("nobody@example.com", True, False),
    ],
)
def test_another_provider_signs_in_whom_it_knows_for_sure_and_who_is_here(
    shop: Shop, provider: type[Provider], email: str, verified: bool, comes_in: bool
) -> None:
    provider.email, provider.verified = email, verified
    browser = Client()
    assert "Sign in with Works" in browser.get("/sign-in").text
    away = browser.get("/sign-in/with/oidc").headers["Location"]
    asked = parse_qs(urlsplit(away).query)
    assert asked["redirect_uri"] == ["http://testserver/sign-in/with/oidc/callback"]
    back = browser.get("/sign-in/with/oidc/callback", {"code": "c", "state": asked["state"][0]})
    assert (back.headers.get("Location") == "/") == comes_in
    assert ("_auth_user_id" in browser.session) == comes_in
    assert User.objects.count() == len(shop.users)
    if not comes_in:
        assert "Nobody signs in here with that e-mail yet." in back.text


def test_the_key_of_an_app_is_easily_typed_and_opens_the_app_of_the_same_device(shop: Shop) -> None:
    browser = Client()
    browser.post("/sign-in", {"login": "owner@example.com", "password": PASSWORD})
    browser.post("/account/confirm", {"password": PASSWORD})
    page = browser.get("/account/security/app").text
    secret = browser.session["mfa.totp.secret"]
    assert "".join(re.findall("<span>(....)</span>", page)) == secret
    assert 'href="otpauth://totp/' in page
    assert 'inputmode="numeric"' in page
    code = format_hotp_value(hotp_value(secret, int(time()) // 30))
    assert "10 of 10 are left." in browser.post("/account/security/app", {"code": code}, follow=True).text


def test_a_password_like_its_owner_is_refused_in_the_readers_language(shop: Shop, as_: As) -> None:
    User.objects.filter(email="owner@example.com").update(language="de")
    typed = {"oldpassword": PASSWORD, "password1": "owner@example.com", "password2": "owner@example.com"}
    said = "Das Passwort ähnelt Ihrem Namen oder Ihrer E-Mail-Adresse zu sehr."
    assert said in as_("owner").post("/account/password", typed).text


def test_whose_sign_in_was_changed_is_told_in_their_language(
    shop: Shop, as_: As, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    User.objects.filter(email="owner@example.com").update(language="de")
    browser = Client()
    browser.post("/sign-in", {"login": "owner@example.com", "password": PASSWORD})
    browser.post("/account/confirm", {"password": PASSWORD})
    browser.get("/account/security/app")
    code = format_hotp_value(hotp_value(browser.session["mfa.totp.secret"], int(time()) // 30))
    with django_capture_on_commit_callbacks(execute=True):
        browser.post("/account/security/app", {"code": code})
    new = {"oldpassword": PASSWORD, "password1": "four lamps in a harbour", "password2": "four lamps in a harbour"}
    as_("viewer").post("/account/password", new)
    told = [(one.to[0], one.subject, one.body.partition("\n")[0]) for one in mail.outbox]
    assert told == [
        (
            "owner@example.com",
            "Ihre Anmeldung bei Accredit wurde geändert",
            "Zu Ihrer Anmeldung bei Accredit kam eine App hinzu: Ab jetzt wird nach einem Code gefragt.",
        ),
        ("viewer@example.com", "Your sign-in to Accredit was changed", "Your password for Accredit was changed."),
    ]
    assert "http://testserver/sign-in/forgot" in mail.outbox[1].body
