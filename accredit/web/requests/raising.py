"""Raising a request by hand: the form, what would come of what stands in it, and raising it.

What was typed stays where it was: the answer to a form that is refused replaces the words about it and not the form.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID

import polars as pl
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accredit.access.models import User
from accredit.access.permissions import Permission
from accredit.conversion_requests.checking import Checked, check, is_correctable
from accredit.conversion_requests.discussing import (
    COMMENT_CHARACTERS,
    ENDINGS,
    MAX_BYTES,
    MOST_FILES,
    File,
    NotKept,
    Side,
    checked,
    keep,
    sayable,
)
from accredit.conversion_requests.import_words import FAULTS
from accredit.conversion_requests.models import PREFIX, Kind, Request, Stage
from accredit.conversion_requests.raising import Raised, RequestsRefused, is_theirs, raise_requests
from accredit.conversions.models import Conversion
from accredit.database.keys import key_to_text
from accredit.programs.visibility import Viewpoint
from accredit.web import words
from accredit.web.conversions.acting import actor_of, conversion_at
from accredit.web.pages import for_permitted, show, wants_part
from accredit.web.requests.acting import key_of, request_at
from accredit.web.requests.comments import files_of, sentence
from accredit.web.requests.fields import FIELDS
from accredit.web.requests.form import MAIN, MORE, OF_CHANGE, Form, form_from, new_form
from accredit.web.requests.impact import planned_figures
from accredit.web.requests.words import REMEDIES

MISSING = "missing"
RAISED_BEFORE = "raised_before"
ON_THE_WHOLE = ("no_change", "sum_of_items")
"""Faults that are none, perhaps, once everything that is typed can be read."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a field; `name` is empty where it is all of it."""

    name: str
    title: str
    sentence: str


@require_http_methods(["GET", "HEAD", "POST"])
@for_permitted(Permission.RAISE_REQUESTS, partners_too=True)
def raise_one(request: HttpRequest, view: Viewpoint) -> HttpResponse:
    """The form, and what was typed into it, raised."""
    old = _replaced(request, view)
    conversion = _conversion(request, view, old)
    if request.method == "POST":
        return _raise(request, view, form_from(request, view, conversion), old)
    if old is not None and not is_correctable(old):
        return HttpResponseRedirect(reverse("web:request", args=[view.program.code, key_of(old)]))
    return _page(request, view, new_form(view, conversion, old), old)


@require_POST
@for_permitted(Permission.RAISE_REQUESTS, partners_too=True)
def check_one(request: HttpRequest, view: Viewpoint) -> HttpResponse:
    """What would come of what is typed so far."""
    old = _replaced(request, view)
    form = form_from(request, view, _conversion(request, view, old))
    return show(request, "web/requests/raise_check.html", _said(view, form, _checked(view, form, old)))


def _replaced(request: HttpRequest, view: Viewpoint) -> Request | None:
    """The request that the form corrects or asks again for, where its address names one; not somebody else's."""
    key = request.GET.get("replaces", "")
    if not key:
        return None
    old = request_at(view, key)
    if not is_theirs(view, old, cast(User, request.user).id):
        raise Http404(f"the request {key!r} is not theirs")
    return old


def _conversion(request: HttpRequest, view: Viewpoint, old: Request | None) -> Conversion | None:
    """The conversion that the form is to change, where its address names one."""
    if old is not None:
        if old.kind != Kind.CHANGE or old.conversion_id is None:
            return None
        return Conversion.objects.filter(program=view.program, id=old.conversion_id, partner=old.partner).first()
    key = request.GET.get("conversion", "")
    return conversion_at(view, key) if key else None


def _id_of(old: Request | None) -> UUID | None:
    return None if old is None else old.id


def _checked(view: Viewpoint, form: Form, old: Request | None) -> Checked:
    return check(view, *form.wanted(), now=datetime.now(UTC), replaces=_id_of(old))


def _raise(request: HttpRequest, view: Viewpoint, form: Form, old: Request | None) -> HttpResponse:
    user, now = cast(User, request.user), datetime.now(UTC)
    wanted = form.wanted()
    try:
        text, files = sayable(request.POST.get("comment", "")), checked(files_of(request))
    except NotKept as error:
        return _refused(request, view, form, old, sentence(error))
    if old is not None and old.stage == Stage.REJECTED and not text and not files:
        return _refused(request, view, form, old, _("It was rejected: say in a comment, or by a file, what is new."))
    if form.errors:
        return _refused(request, view, form, old)
    try:
        with transaction.atomic():
            raised = raise_requests(view, *wanted, actor=actor_of(request), now=now, replaces=_id_of(old))
            _evidence(view, raised, text, files, user=user, now=now)
    except RequestsRefused:
        return _refused(request, view, form, old)
    key = UUID(pl.concat([raised.new["id"], raised.known["id"]])[0])
    address = reverse("web:request", args=[view.program.code, key_to_text(PREFIX, key)])
    if wants_part(request):
        return HttpResponse(status=200, headers={"HX-Redirect": address})
    return HttpResponseRedirect(address)


def _evidence(view: Viewpoint, raised: Raised, text: str, files: Sequence[File], *, user: User, now: datetime) -> None:
    """Keeps what came with a new request; one that was raised before has it already."""
    for key in raised.new["id"]:
        about = Request.objects.get(program=view.program, id=key)
        keep(about, text, files, user=user, side=Side.of(view), now=now)


def _refused(
    request: HttpRequest, view: Viewpoint, form: Form, old: Request | None, sentence: str = ""
) -> HttpResponse:
    """Why it was not raised; to htmx without the form, which stays as it is, files and all."""
    told = {"refused": sentence or _("It was not raised yet: look at what is said here."), "comment_text": ""}
    told["comment_text"] = request.POST.get("comment", "")
    if wants_part(request):
        return show(request, "web/requests/raise_check.html", {**_said(view, form, _checked(view, form, old)), **told})
    return _page(request, view, form, old, told)


def _page(
    request: HttpRequest, view: Viewpoint, form: Form, old: Request | None, told: Mapping[str, str] | None = None
) -> HttpResponse:
    said = _said(view, form, _checked(view, form, old)) if told or old is not None else {"opens": True}
    query = f"?{request.GET.urlencode()}" if request.GET else ""
    context = {
        **said,
        **(told or {}),
        "section": "requests",
        "program": view.program,
        "view": view,
        "form": form,
        "old": old,
        "partner": form.fields(["partner"]),
        "main": form.fields(MAIN),
        "of_change": form.fields(OF_CHANGE),
        "more": form.fields(MORE),
        "more_is_open": any(form.values[name] for name in MORE),
        "next_line": max((line.number for line in form.lines), default=0) + 1,
        "kinds_of_requests": [(Kind.CREATE.value, _("Is missing")), (Kind.CHANGE.value, _("Is to change"))],
        "url": reverse("web:request-new", args=[view.program.code]) + query,
        "check_url": reverse("web:request-check", args=[view.program.code]) + query,
        "back": reverse("web:requests", args=[view.program.code]),
        "old_url": old and reverse("web:request", args=[view.program.code, key_of(old)]),
        "comment_characters": COMMENT_CHARACTERS,
        "kinds": ", ".join(ENDINGS),
        "accepted_endings": ",".join(f".{ending}" for endings in ENDINGS.values() for ending in endings),
        "most_files": MOST_FILES,
        "most_megabytes": MAX_BYTES >> 20,
    }
    return show(request, "web/requests/raise.html", context, status=422 if told else 200)


def _said(view: Viewpoint, form: Form, found: Checked) -> Mapping[str, Any]:
    """What the check of a form says: what is missing, what is wrong, and what would come of it."""
    own = [Fault(name, str(FIELDS[name]), text) for name, text in form.errors.items()]
    unsure = {*form.errors, *(ON_THE_WHOLE if form.errors else ())}
    rows = [row for row in found.faults.iter_rows(named=True) if not unsure & {row["column"], row["code"]}]
    missing = [str(FIELDS[row["column"]]) for row in rows if row["code"] == MISSING and row["column"]]
    faults = own + [_fault(row, form) for row in rows if row["code"] not in (MISSING, RAISED_BEFORE)]
    known = found.known.row(0, named=True) if len(found.known) else None
    planned = found.planned.row(0, named=True) if len(found.planned) else None
    kind = planned["kind"] if planned else ""
    figures = planned_figures(view, kind, planned) if planned and not faults and not missing else None
    return {
        "program": view.program,
        "view": view,
        "faults": faults,
        "readings": _readings(form),
        "missing": missing,
        "known": known and _known(view, known),
        "figures": figures if figures is None or not figures.why else None,
        "shows_claim": kind == Kind.CLAIM and not faults,
    }


def _readings(form: Form) -> Sequence[tuple[str, str, bool]]:
    """The two times that one may mean, what each is called, and whether it was chosen."""
    titles = (_("The first time (UTC%(offset)s)"), _("The second time (UTC%(offset)s)"))
    found = zip(form.readings, titles, strict=bool(form.readings))
    return [(text, title % {"offset": text[-6:].replace("-", "−")}, text == form.reading) for text, title in found]


def _fault(row: Mapping[str, Any], form: Form) -> Fault:
    said, name = FAULTS[row["code"]], row["column"]
    values = {"value": form.shown(name), **(json.loads(row["details"]) if row["details"] else {})}
    remedy = REMEDIES.get(row["code"], said.remedy)
    text = " ".join(str(part) % values for part in (said.what, remedy) if part)
    return Fault(name, str(FIELDS.get(name, "")), text)


def _known(view: Viewpoint, row: Mapping[str, Any]) -> Mapping[str, str]:
    return {
        "number": str(row["number"]),
        "stage": words.word(words.REQUEST_STAGES, row["stage"]),
        "url": reverse("web:request", args=[view.program.code, key_to_text(PREFIX, UUID(row["id"]))]),
    }
