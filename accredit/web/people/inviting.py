"""Invitations: the e-mail, and the page behind its link."""

from datetime import UTC, datetime

from allauth.account.utils import perform_login
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import get_language, gettext, override
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accredit.access.mailing import deliver
from accredit.access.models import Invitation, Language, User
from accredit.access.people import PeopleRefused, invitation_of, join, join_as_new
from accredit.web import formats
from accredit.web.pages import show
from accredit.web.people import words
from accredit.web.words import word


def send_invitation(request: HttpRequest, invitation: Invitation, token: str) -> bool:
    """E-mail the link, in the language that the inviter chose. False where the server did not take it."""
    path = reverse("web:invitation", args=[token])
    link = f"{settings.PUBLIC_URL}{path}" if settings.PUBLIC_URL else request.build_absolute_uri(path)
    with override(invitation.language):
        text, subject = invitation_text(invitation, link)
    return deliver(to=invitation.email, subject=subject, text=text)


def invitation_text(invitation: Invitation, link: str) -> tuple[str, str]:
    """Text and subject, in the active language."""
    values = {
        "organization": invitation.organization.name,
        "inviter": invitation.invited_by.name if invitation.invited_by else "Accredit",
        "role": word(words.ROLES, invitation.role),
        "url": link,
        "until": formats.calendar_day(invitation.expires_at.date()),
    }
    text = gettext(
        "%(inviter)s invites you to join %(organization)s in Accredit. Your role there: %(role)s.\n\n"
        "Accept here, until %(until)s:\n\n%(url)s\n\n"
        "The link opens once, for you alone. If you do not know what this is about, leave this e-mail alone."
    )
    return text % values, gettext("Invitation to join %(organization)s in Accredit") % values


class JoiningForm(forms.Form):
    """What a new person says of themselves."""

    name = forms.CharField(max_length=200, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    language = forms.ChoiceField(choices=Language.choices)
    password = forms.CharField(strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}))


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Joins an organization: as the user who is signed in, or as somebody who signs in from now on."""
    found = invitation_of(token, datetime.now(UTC))
    if found is None:
        context = {
            "title": gettext("This invitation no longer opens"),
            "remedy": gettext("It was accepted, withdrawn or sent again, or it is too old. Ask for another one."),
        }
        return show(request, "web/error.html", context, status=404)
    user = request.user if request.user.is_authenticated else None
    if user is not None:
        return _join_as(request, user, found, token)
    if User.objects.filter(email=found.email).exists():
        return show(request, "web/people/invitation.html", {**_about(found, token), "way": "sign_in"})
    return _join_as_new(request, found, token)


def _about(found: Invitation, token: str) -> dict[str, object]:
    return {
        "invitation": found,
        "role": word(words.ROLES, found.role),
        "here": reverse("web:invitation", args=[token]),
    }


def _join_as(request: HttpRequest, user: User, found: Invitation, token: str) -> HttpResponse:
    if user.email != found.email:
        return show(request, "web/people/invitation.html", {**_about(found, token), "way": "another"})
    if request.method != "POST":
        return show(request, "web/people/invitation.html", {**_about(found, token), "way": "join"})
    try:
        join(token, user, now=datetime.now(UTC))
    except PeopleRefused:  # accepted or withdrawn this moment
        return redirect("web:invitation", token)
    return redirect("web:home")


def _join_as_new(request: HttpRequest, found: Invitation, token: str) -> HttpResponse:
    form = JoiningForm(request.POST or None, initial={"language": get_language()})
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            user = join_as_new(
                token,
                name=said["name"],
                language=said["language"],
                password=said["password"],
                now=datetime.now(UTC),
            )
        except ValidationError as error:
            form.add_error("password", error)
        except PeopleRefused:  # accepted or withdrawn this moment, or they sign in already
            return redirect("web:invitation", token)
        else:
            signed_in: HttpResponse = perform_login(request, user, redirect_url=reverse("web:home"))
            return signed_in
    status = 422 if form.errors else 200
    return show(
        request, "web/people/invitation.html", {**_about(found, token), "way": "new", "form": form}, status=status
    )
