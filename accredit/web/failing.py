"""The page where something failed: it needs neither the database nor a user."""

from http import HTTPStatus

from django.http import HttpResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from accredit.access.models import ColourScheme, Density


def failed(*, away: bool) -> HttpResponse:
    """`away`: the database does not answer; else it is an error of the program."""
    context = {
        "scheme": ColourScheme.AUTO,
        "density": Density.COMFORTABLE,
        "title": _("The database does not answer") if away else _("Something went wrong here"),
        "remedy": _("Nothing that was under way is half done. Try again in a moment.")
        if away
        else _(
            "It is not your fault, and nothing is half done. Try again; if it happens once more, tell whoever runs this"
            " installation when it happened: the log says why."
        ),
    }
    status = HTTPStatus.SERVICE_UNAVAILABLE if away else HTTPStatus.INTERNAL_SERVER_ERROR
    return HttpResponse(render_to_string("web/error.html", context), status=status)
