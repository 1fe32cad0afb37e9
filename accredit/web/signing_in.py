"""The door: sign in with e-mail and password, sign out, and the first page behind it."""

from typing import Any, cast

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _

from accredit.access.models import User
from accredit.programs.visibility import visible_programs
from accredit.web.pages import for_users, show
from accredit.web.preferences import choices


class SignInForm(AuthenticationForm):
    """Django's, in our words."""

    username = forms.EmailField(
        label=_("E-mail"), widget=forms.EmailInput(attrs={"autofocus": True, "autocomplete": "username"})
    )
    error_messages = {
        "invalid_login": _("E-mail and password do not belong together. Upper and lower case count in the password."),
        "inactive": _("This user is switched off. Ask whoever runs this installation."),
    }


class SignIn(LoginView):
    """Signs in and goes where the visitor was headed."""

    template_name = "web/sign_in.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True
    next_page = "web:home"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {**super().get_context_data(**kwargs), "choices": choices(self.request), "scheme": "auto"}


@for_users
def home(request: HttpRequest) -> HttpResponse:
    """The conversions of the user's first program; without a program, what to do next."""
    programs = visible_programs(cast(User, request.user))
    if programs:
        return redirect("web:conversions", programs[0].code)
    return show(request, "web/no_program.html", {})
