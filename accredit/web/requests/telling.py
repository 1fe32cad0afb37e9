"""Whether one is told by e-mail what happens to requests: a switch of one's own, for each program."""

from datetime import UTC, datetime
from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accredit.access.models import User
from accredit.conversion_requests.notifying import AT_MOST_EVERY, tell_again
from accredit.programs.models import Topic
from accredit.programs.silence import be_silent, is_silent
from accredit.programs.visibility import Viewpoint
from accredit.web.conversions.acting import typed
from accredit.web.pages import for_program, show


@require_http_methods(["GET", "HEAD", "POST"])
@for_program
def request_mails(request: HttpRequest, view: Viewpoint) -> HttpResponse:
    """The switch."""
    user = cast(User, request.user)
    if request.method == "POST":
        if typed(request, "told"):
            tell_again(user, view.program, now=datetime.now(UTC))
            messages.success(request, _("You are told by e-mail again."))
        else:
            be_silent(user, view.program, Topic.REQUESTS)
            messages.success(request, _("You get no more e-mails about the requests of this program."))
        return HttpResponseRedirect(reverse("web:request-mails", args=[view.program.code]))
    context = {
        "section": "requests",
        "program": view.program,
        "view": view,
        "silent": is_silent(user, view.program, Topic.REQUESTS),
        "minutes": int(AT_MOST_EVERY.total_seconds() // 60),
        "email": user.email,
    }
    return show(request, "web/requests/telling.html", context)
