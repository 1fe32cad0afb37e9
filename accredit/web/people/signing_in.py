"""The door, and one's own security behind it: django-allauth's views in our layout, at our addresses."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, cast

from allauth.account import views as account
from allauth.mfa.base import views as second_factor
from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.mfa.totp import views as app_codes
from allauth.mfa.webauthn import views as passkeys
from allauth.socialaccount import views as provider
from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from accredit.access.models import User
from accredit.programs.visibility import visible_programs
from accredit.web.pages import for_users, frame, show
from accredit.web.setup.creating import owner_of

View = Callable[..., HttpResponse]


@for_users
def home(request: HttpRequest) -> HttpResponse:
    """The conversions of the user's first program; without a program, what to do next."""
    programs = visible_programs(cast(User, request.user))
    if programs:
        return redirect("web:conversions", programs[0].code)
    may_add = owner_of(cast(User, request.user)) is not None
    return show(request, "web/no_program.html", {"may_add_program": may_add})


def too_many(request: HttpRequest) -> HttpResponse:
    """More attempts than one person needs."""
    context = {
        "title": _("Too many attempts"),
        "remedy": _("Wait a few minutes, then try again. If you have forgotten your password, choose a new one."),
    }
    return show(request, "web/error.html", context, status=429)


def in_our_layout(view: View, template: str, **more: Any) -> View:
    """A view of allauth's whose page is `template`, with `more` in its context."""

    @wraps(view)
    def shown(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs)
        if isinstance(response, TemplateResponse):
            response.template_name = f"web/people/{template}"
            response.context_data = {**frame(request), **(response.context_data or {}), **more}
            for form in response.context_data.values():
                if isinstance(form, forms.BaseForm):
                    _plain(form)
            response.headers["Cache-Control"] = "private, no-store"
        return response

    return shown


def _plain(form: forms.BaseForm) -> None:
    """Labels and help stand in our templates, in the reader's language."""
    for field in form.fields.values():
        field.help_text = ""
        field.widget.attrs.pop("placeholder", None)


def _confirm(view: View, way: str) -> View:
    return in_our_layout(view, "confirm.html", way=way)


def _sign_in(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
    response = in_our_layout(account.login, "sign_in.html", provider=_provider())(request, *args, **kwargs)
    if isinstance(response, TemplateResponse) and response.context_data:
        response.context_data["form"].fields["login"].widget.attrs |= {"autofocus": True, "autocomplete": "username"}
    return response


def _provider() -> Mapping[str, str] | None:
    if settings.SIGN_IN_PROVIDER is None:
        return None
    identifier = settings.SIGN_IN_PROVIDER["provider_id"]
    return {
        "name": settings.SIGN_IN_PROVIDER["name"],
        "url": reverse("openid_connect_login", kwargs={"provider_id": identifier}),
    }


def _with_figures(view: View) -> View:
    """For a view that asks for a code: a phone offers its figures; a key that is typed off stands in groups."""

    @wraps(view)
    def shown(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs)
        if isinstance(response, TemplateResponse) and response.context_data:
            form = response.context_data["form"]
            form.fields["code"].widget.attrs |= {"inputmode": "numeric", "autocomplete": "one-time-code"}
            secret = getattr(form, "secret", "")
            response.context_data["key_parts"] = [secret[at : at + 4] for at in range(0, len(secret), 4)]
        return response

    return shown


sign_in = _sign_in
sign_out = require_POST(account.logout)
switched_off = in_our_layout(account.account_inactive, "switched_off.html")
use_second_factor = _with_figures(in_our_layout(second_factor.authenticate, "second_factor.html"))
sign_in_by_passkey = passkeys.login_webauthn
forgot = in_our_layout(account.password_reset, "forgot.html")
forgot_sent = in_our_layout(account.password_reset_done, "forgot_sent.html")
choose_password = in_our_layout(account.password_reset_from_key, "choose_password.html")
password_chosen = in_our_layout(account.password_reset_from_key_done, "password_chosen.html")

confirm = _confirm(account.reauthenticate, "password")
confirm_by_code = _with_figures(_confirm(second_factor.reauthenticate, "code"))
confirm_by_passkey = _confirm(passkeys.reauthenticate_webauthn, "passkey")

change_password = in_our_layout(account.password_change, "password.html", part="password")
set_password = in_our_layout(account.password_set, "password.html", part="password")
show_second_factor = for_users(in_our_layout(second_factor.index, "security.html", part="security"))
add_app = _with_figures(in_our_layout(app_codes.activate_totp, "add_app.html", part="security"))
remove_app = in_our_layout(app_codes.deactivate_totp, "remove_app.html", part="security")
show_recovery_codes = for_users(
    in_our_layout(recovery_codes.view_recovery_codes, "recovery_codes.html", part="security")
)
download_recovery_codes = for_users(never_cache(recovery_codes.download_recovery_codes))
make_recovery_codes = in_our_layout(recovery_codes.generate_recovery_codes, "make_recovery_codes.html", part="security")
add_passkey = in_our_layout(passkeys.add_webauthn, "add_passkey.html", part="security")
rename_passkey = in_our_layout(passkeys.edit_webauthn, "rename_passkey.html", part="security")
remove_passkey = in_our_layout(passkeys.remove_webauthn, "remove_passkey.html", part="security")
provider_refused = in_our_layout(provider.login_cancelled, "provider_refused.html")
