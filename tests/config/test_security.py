"""What every answer tells the browser, and what the installation tells those who watch it."""

import os
import subprocess
import sys

import pytest
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.template import Context, Template
from django.test import Client, RequestFactory

from accredit.access.models import User
from accredit.config.security import ContentSecurityPolicy


def answer(request: HttpRequest, page: str) -> HttpResponse:
    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse(Template(page).render(Context({"csp_nonce": request.csp_nonce})))  # type: ignore[attr-defined]

    return ContentSecurityPolicy(view)(request)


def test_nothing_from_elsewhere_and_nothing_inline_is_loaded(rf: RequestFactory) -> None:
    policy = answer(rf.get("/"), "nothing")["Content-Security-Policy"]
    assert policy == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self';"
        " connect-src 'self'; manifest-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    )


def test_an_import_map_is_admitted_by_a_nonce_of_its_own(rf: RequestFactory) -> None:
    page = "{{ csp_nonce }} {{ csp_nonce }}"
    first, second = answer(rf.get("/"), page), answer(rf.get("/"), page)
    nonce, again = first.content.decode().split()
    assert nonce == again
    assert f"script-src 'self' 'nonce-{nonce}';" in first["Content-Security-Policy"]
    assert nonce not in second["Content-Security-Policy"]


@pytest.mark.django_db
def test_every_answer_is_guarded(client: Client) -> None:
    for path in ("/healthz", "/nowhere", "/static/nowhere.css"):
        response = client.get(path)
        assert response["X-Frame-Options"] == "DENY", path
        assert response["X-Content-Type-Options"] == "nosniff", path
        assert response["Referrer-Policy"] == "same-origin", path
        assert response["Cross-Origin-Opener-Policy"] == "same-origin", path
        assert "default-src 'none'" in response["Content-Security-Policy"], path


@pytest.mark.django_db
def test_it_says_that_it_is_well(client: Client) -> None:
    response = client.get("/healthz")
    assert (response.status_code, response.content) == (200, b"ok\n")


def test_a_host_that_is_not_ours_is_refused(client: Client) -> None:
    assert client.get("/nowhere", headers={"Host": "evil.example"}).status_code == 400


@pytest.mark.parametrize(
    ("public_url", "expected"), [("https://partners.example.com", "True True 31536000"), ("", "False False 0")]
)
def test_behind_https_cookies_are_for_https_alone(public_url: str, expected: str) -> None:
    shown = subprocess.run(
        [sys.executable, "-c", "from accredit.config.settings import *; print("
         "SESSION_COOKIE_SECURE, CSRF_COOKIE_SECURE, SECURE_HSTS_SECONDS)"],
        env={**os.environ, "ACCREDIT_PUBLIC_URL": public_url}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert shown.stdout.strip() == expected


def test_answers_never_show_the_code() -> None:
    assert settings.DEBUG is False


@pytest.mark.parametrize("password", ["elevenchars", "password1234", "ada@example.com"])
def test_weak_passwords_are_refused(password: str) -> None:
    with pytest.raises(ValidationError):
        validate_password(password, User(email="ada@example.com"))
