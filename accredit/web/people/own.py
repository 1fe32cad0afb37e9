"""One's own things: profile and sessions; and the mailbox of the demo."""

from typing import cast

from allauth.usersessions.models import UserSession
from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from ua_parser import parse

from accredit.access.mailing import mailbox as kept_mails
from accredit.access.models import Language, User
from accredit.web import formats
from accredit.web.pages import for_users, show
from accredit.web.people.organizations import UTC_ZONE


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg]
    """Name and language."""

    class Meta:
        model = User
        fields = ("name", "language")
        labels = {"name": gettext_lazy("Name"), "language": gettext_lazy("Language")}


@require_http_methods(["GET", "HEAD", "POST"])
@for_users
def profile(request: HttpRequest) -> HttpResponse:
    """Shows and changes the user's name and language."""
    user = User.objects.get(pk=cast(User, request.user).pk)
    form = ProfileForm(request.POST or None, instance=user)
    if request.method == "POST" and form.is_valid():
        form.save()
        response = redirect("web:profile")
        response.set_cookie(settings.LANGUAGE_COOKIE_NAME, user.language, max_age=365 * 86_400, samesite="Lax")
        return response
    memberships = user.memberships.select_related("organization").order_by("organization__name")
    context = {"part": "profile", "form": form, "memberships": memberships, "languages": Language.choices}
    return show(request, "web/people/profile.html", context)


@require_safe
@for_users
def sessions(request: HttpRequest) -> HttpResponse:
    """Where the user is signed in. A session that began before this list was kept is not in it."""
    user = cast(User, request.user)
    zone = UTC_ZONE
    found = sorted(UserSession.objects.purge_and_list(user), key=lambda one: one.created_at, reverse=True)
    shown = [
        {
            "id": one.pk,
            "device": _device(one.user_agent),
            "address": one.ip,
            "since": formats.instant(one.created_at, zone),
            "current": one.session_key == request.session.session_key,
        }
        for one in found
    ]
    others = [one for one in shown if not one["current"]]
    return show(
        request, "web/people/sessions.html", {"part": "sessions", "sessions": shown, "others": others, "zone": zone}
    )


def _device(agent: str) -> str:
    """`Firefox on Linux`."""
    parsed = parse(agent)
    browser = parsed.user_agent.family if parsed.user_agent else _("An unknown browser")
    if parsed.os is None:
        return str(browser)
    return _("%(browser)s on %(system)s") % {"browser": browser, "system": parsed.os.family}


@require_POST
@for_users
def end_sessions(request: HttpRequest) -> HttpResponse:
    """Ends the session of the pressed button, or every other one."""
    found = UserSession.objects.filter(user=cast(User, request.user)).exclude(session_key=request.session.session_key)
    if (one := request.POST.get("session", "")) and one.isascii() and one.isdecimal() and len(one) < 19:
        found = found.filter(pk=int(one))
    elif request.POST.get("session") != "others":
        raise Http404("no such session")
    ended = list(found)
    for session in ended:
        session.end()
    if ended:
        messages.success(request, _("Signed out there."))
    return redirect("usersessions_list")


@require_safe
@for_users
def to_security(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 Django passes it
    """Passkeys stand on the page about security."""
    return redirect("mfa_index")


@require_safe
@for_users
def mailbox(request: HttpRequest) -> HttpResponse:
    """What the demo would have sent by e-mail. Elsewhere there is no such page."""
    if not settings.IS_DEMO:
        raise Http404("the demo's mailbox")
    zone = UTC_ZONE
    mails = [
        {"to": one.to, "subject": one.subject, "text": one.text, "at": formats.instant(one.sent_at, zone, seconds=True)}
        for one in kept_mails()
    ]
    return show(request, "web/people/mailbox.html", {"section": "mailbox", "mails": mails})
