"""How django-allauth does things here: no open sign-up, our words, sealed secrets, our e-mails."""

from collections.abc import Mapping
from datetime import UTC, datetime
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authentication_failed
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.conf import settings
from django.contrib import messages
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext, override
from django.utils.translation import gettext_lazy as _

from accredit.access import audit
from accredit.access.mailing import deliver
from accredit.access.models import User
from accredit.sealing import seal, unseal

WRONG_CODE = _("This code is not right, or it has been used. Codes of an app are valid for half a minute.")
SAID_BY_ALLAUTH = (_("You must type the same password each time."),)
"""What allauth says in words of its own; it looks for the German here."""

CODES_MADE = "mfa/messages/recovery_codes_generated.txt"
NOTICES: Mapping[str, Any] = {
    "account/messages/password_changed.txt": _("Your password is changed. Every other session of yours has ended."),
    "account/messages/password_set.txt": _("Your password is changed. Every other session of yours has ended."),
    "mfa/messages/totp_activated.txt": _("From now on, signing in asks for a code of your app."),
    "mfa/messages/totp_deactivated.txt": _("The app is removed."),
    CODES_MADE: _("New recovery codes are made; the former ones no longer open."),
    "mfa/messages/webauthn_added.txt": _("The passkey is added."),
    "mfa/messages/webauthn_removed.txt": _("The passkey is removed."),
}
"""What was done → what the next page says. What is not here goes without saying."""


MAILED: Mapping[str, Any] = {
    "account/email/password_changed": _("Your password for Accredit was changed."),
    "account/email/password_reset": _("Your password for Accredit was changed."),
    "account/email/password_set": _("Your password for Accredit was changed."),
    "mfa/email/totp_activated": _("An app was added to your sign-in to Accredit: it asks for a code from now on."),
    "mfa/email/totp_deactivated": _("The app was removed from your sign-in to Accredit."),
    "mfa/email/webauthn_added": _("A passkey was added to your sign-in to Accredit."),
    "mfa/email/webauthn_removed": _("A passkey was removed from your sign-in to Accredit."),
}
"""What was done to somebody's sign-in → what they read of it by e-mail, in case it was not them."""


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Signing in, and forgotten passwords."""

    error_messages: Mapping[str, Any] = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": _(
            "E-mail and password do not belong together. Upper and lower case count in the password."
        ),
        "too_many_login_attempts": _("Too many attempts. Wait five minutes and try again."),
        "rate_limited": _("Too many attempts. Wait five minutes and try again."),
        "enter_current_password": _("This is not your password."),
        "incorrect_password": _("This is not your password."),
        "incorrect_code": WRONG_CODE,
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002 allauth passes it
        """People come by invitation or by command."""
        return False

    def add_message(
        self,
        request: HttpRequest,
        level: int,
        message_template: str | None = None,
        message_context: Mapping[str, Any] | None = None,  # noqa: ARG002 allauth passes it
        extra_tags: str = "",
        message: str | None = None,
    ) -> None:
        """Our words in place of allauth's."""
        if message_template == CODES_MADE and request.path != reverse("mfa_generate_recovery_codes"):
            message = gettext("Recovery codes are made: keep them for the day on which your app or passkey is lost.")
        if text := message or NOTICES.get(message_template or ""):
            messages.add_message(request, level, text, extra_tags=extra_tags)

    def pre_login(self, request: HttpRequest, user: User, **about: Any) -> HttpResponse | None:
        """Whoever is switched off is refused, and the audit log says so."""
        refused: HttpResponse | None = super().pre_login(request, user, **about)
        if refused is not None:
            audit.record_of(user, actor=None, action="sign_in_refused", now=datetime.now(UTC))
        return refused

    def post_login(self, request: HttpRequest, user: User, **about: Any) -> HttpResponse:
        """Whoever signs in is in the audit log."""
        audit.record_of(user, actor=user, action="signed_in", now=datetime.now(UTC))
        signed_in: HttpResponse = super().post_login(request, user, **about)
        return signed_in

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:  # noqa: ARG002 allauth passes it
        """A wrong password of somebody who is here is in the audit log; what else was typed is not."""
        email = str(credentials.get("email") or credentials.get("username") or "").strip().lower()
        if user := User.objects.filter(email=email).first():
            audit.record_of(user, actor=None, action="sign_in_refused", now=datetime.now(UTC))

    def send_password_reset_mail(self, user: User, email: str, context: Mapping[str, Any]) -> None:
        """In the user's language. A mail that cannot be sent is in the log: the page says the same to everybody."""
        with override(user.language):
            text = gettext(
                "Somebody asked for a new password for %(email)s in Accredit. Choose one here:\n\n%(url)s\n\n"
                "If it was not you, leave this e-mail alone: your password stays as it is."
            )
            deliver(
                to=email,
                subject=gettext("A new password for Accredit"),
                text=text % {"email": email, "url": context["password_reset_url"]},
            )

    def send_notification_mail(
        self,
        template_prefix: str,
        user: User,
        context: Mapping[str, Any] | None = None,  # noqa: ARG002 allauth passes it
        email: str | None = None,
    ) -> None:
        """In the user's language."""
        if template_prefix not in MAILED:
            return
        url = self.request.build_absolute_uri(reverse("account_reset_password"))
        with override(user.language):
            text = gettext(
                "%(what)s\n\nIf it was not you, choose a new password at once, and tell an owner of your organization:"
                "\n\n%(url)s"
            )
            deliver(
                to=email or user.email,
                subject=gettext("Your sign-in to Accredit was changed"),
                text=text % {"what": MAILED[template_prefix], "url": url},
            )

    def get_client_ip(self, request: HttpRequest) -> str:
        """Whoever asks; what X-Forwarded-For says counts as far as trusted proxies say it."""
        told = request.headers.get("X-Forwarded-For", "")
        return client_address(request.META.get("REMOTE_ADDR") or "127.0.0.1", told, settings.TRUSTED_PROXIES)


def client_address(peer: str, told: str, trusted: tuple[IPv4Network | IPv6Network, ...]) -> str:
    """The last address on the way here that no trusted proxy has; one that is none counts as its proxy's."""
    address = ip_address(peer)
    for said in reversed([part.strip() for part in told.split(",") if part.strip()]):
        if isinstance(address, IPv6Address) and address.ipv4_mapped:
            address = address.ipv4_mapped
        if not any(address in network for network in trusted):
            break
        try:
            address = ip_address(said)
        except ValueError:
            break
    return str(address)


class TwoFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """The second factor: its secrets are sealed with the installation's key."""

    error_messages: Mapping[str, Any] = {**DefaultMFAAdapter.error_messages, "incorrect_code": WRONG_CODE}

    def encrypt(self, text: str) -> str:
        return seal(text, settings.SECRET_KEY)

    def decrypt(self, encrypted_text: str) -> str:
        return unseal(encrypted_text, settings.SECRET_KEY)

    def generate_authenticator_name(self, user: User, type: Authenticator.Type) -> str:
        """What a new passkey is called until its owner says."""
        number = Authenticator.objects.filter(user=user, type=type).count() + 1
        return gettext("Passkey %(number)s") % {"number": number}


@receiver(authentication_failed)
def second_factor_refused(user: User, *, reauthentication: bool, **_about: object) -> None:
    """A wrong code at signing in is in the audit log, as a wrong password is."""
    if not reauthentication:
        audit.record_of(user, actor=None, action="sign_in_refused", now=datetime.now(UTC))


class ProviderAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """Signing in with OpenID Connect: as a user who is here already under that e-mail."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: object) -> bool:  # noqa: ARG002 allauth passes them
        return False
