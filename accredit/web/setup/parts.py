"""The pages of the lists of a program: what there is, a new one, one of them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from accredit.access.permissions import Permission
from accredit.database.keys import KeyTextError, key_from_text, key_to_text
from accredit.programs.changing import PartChanged, Setup, Values, digest, setup_of
from accredit.programs.visibility import Viewpoint
from accredit.web import formats
from accredit.web.pages import for_permitted
from accredit.web.setup.collections import Collection
from accredit.web.setup.fields import Field, Form
from accredit.web.setup.frame import for_setup, show_page
from accredit.web.setup.links import links_of
from accredit.web.setup.saving import Attempt, Path, attempt

PAGE_ROWS = 50


@require_safe
@for_setup
def index(request: HttpRequest, view: Viewpoint, of: Collection) -> HttpResponse:
    """What there is."""
    setup = setup_of(view.program.code)
    ids = setup.ids[of.key]
    sought = request.GET.get("q", "").strip()
    parts = setup.values.get(of.key, [])
    found = parts
    if sought:
        found = [one for one in parts if sought.casefold() in " ".join([one["code"], *of.cells(one, setup)]).casefold()]
    page = Paginator(found, PAGE_ROWS).get_page(request.GET.get("page"))
    rows = [
        {"key": key_to_text(of.prefix, ids[of.key_of(part)]), "name": part["code"], "cells": of.cells(part, setup)}
        for part in page
    ]
    context = {
        "of": of,
        "rows": page,
        "parts": rows,
        "count": formats.number(len(found)),
        "sought": sought,
        "searchable": len(parts) > PAGE_ROWS // 5 or sought,
        "new_page": f"web:{of.page}-new",
        "one_page": f"web:{of.page}-one",
        **more_of(of, request, setup),
    }
    return show_page(request, view, of.page, "web/setup/list.html", context)


def more_of(of: Collection, request: HttpRequest, setup: Setup) -> Mapping[str, Any]:
    """What a list shows besides its rows."""
    from accredit.web.setup.trying import tried_code

    return {"tried": tried_code(setup.program, request.GET.get("code", ""))} if of.key == "promo_code" else {}


@require_http_methods(["GET", "HEAD", "POST"])
@for_permitted(Permission.SET_UP)
def new(request: HttpRequest, view: Viewpoint, of: Collection) -> HttpResponse:
    """A form for a new one."""
    setup = setup_of(view.program.code)
    form = Form(of.fields, setup, None, request.POST if request.method == "POST" else None)
    tried = Attempt()
    if request.method == "POST":
        tried = save_new(request, view, form, of.key)
        if tried.saved:
            return back_to(view, of.page)
    back = reverse(f"web:{of.page}", args=[view.program.code])
    context = {"of": of, "title": of.new, "form": form, "tried": tried, "back": back}
    return show_page(request, view, of.page, "web/setup/part.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@for_setup
def one(request: HttpRequest, view: Viewpoint, of: Collection, part: str) -> HttpResponse:
    """One of them: its form, and its removal."""
    setup = setup_of(view.program.code)
    path = path_of(setup, of, part)
    current: Values = setup.values[path[0]][path[1]]
    fields = [one for one in of.fields if not (of.has_periods and current.get("period") and one.name in LADDER)]
    form, tried = Form(fields, setup, current, request.POST if request.method == "POST" else None), Attempt()
    if request.method == "POST":
        form, tried = save_part(request, view, form, lambda setup: path_of(setup, of, part), fields)
        if tried.saved:
            return back_to(view, of.page)
    context = {
        "of": of,
        "title": current["code"],
        "form": form,
        "tried": tried,
        "seen": digest(form.part),
        "back": reverse(f"web:{of.page}", args=[view.program.code]),
        "removable": True,
        "removing": request.POST.get("act") == "remove",
        **extras(request, of, view, setup, current, part),
    }
    return show_page(request, view, of.page, "web/setup/part.html", context)


LADDER = ("credit_group", "referral_window_days")
"""Of a channel with periods it is the periods that have these."""


def extras(
    request: HttpRequest, of: Collection, view: Viewpoint, setup: Setup, current: Values, part: str
) -> Mapping[str, Any]:
    """What a page shows below its form."""
    from accredit.web.setup.periods import CHANNELS, line_of
    from accredit.web.setup.suggesting import unmapped

    if of.has_periods:
        links = links_of(request, view.program, current["code"], of_channel=True)
        return {"periods": line_of(CHANNELS, setup, current), "owner": part, "links": links}
    if of.key == "event_type":
        return {"unmapped": unmapped(view, current["code"])}
    return {}


def path_of(setup: Setup, of: Collection, text: str) -> tuple[str, int]:
    """Where in the values the part of an address is; Http404 where there is none."""
    try:
        id = key_from_text(of.prefix, text)
    except KeyTextError:
        raise Http404(f"no {of.key} {text!r}") from None
    ids = setup.ids[of.key]
    for number, part in enumerate(setup.values.get(of.key, [])):
        if ids[of.key_of(part)] == id:
            return of.key, number
    raise Http404(f"no {of.key} {text!r} in {setup.program.code!r}")


def save_new(request: HttpRequest, view: Viewpoint, form: Form, key: str) -> Attempt:
    """Add what the form says to the tables of this key."""
    values = form.values()
    if form.wrong:
        return Attempt()

    def edit(setup: Setup) -> Path:
        those = setup.values.setdefault(key, [])
        those.append(values)
        return key, len(those) - 1

    return attempt(request, view, edit, form)


def save_part(
    request: HttpRequest,
    view: Viewpoint,
    form: Form,
    find: Callable[[Setup], Path],
    fields: Sequence[Field],
    locked: Sequence[str] = (),
) -> tuple[Form, Attempt]:
    """Put what the form says in the place of what is there, or take that away, unless somebody else changed it since
    the form was shown. Then the form says what holds now."""
    values = form.values()
    if form.wrong:
        return form, Attempt()
    removes = request.POST.get("act") == "remove"

    def edit(setup: Setup) -> Path:
        path = find(setup)
        *around, last = path
        inner: Any = setup.values
        for step in around:
            inner = inner[step]
        if digest(inner[last]) != request.POST.get("seen"):
            raise PartChanged
        if removes:
            del inner[last]
        else:
            inner[last] = values
        return path

    tried = attempt(request, view, edit, form)
    if tried.changed:
        setup = setup_of(view.program.code)
        inner: Any = setup.values
        for step in find(setup):
            inner = inner[step]
        form = Form(fields, setup, inner, request.POST, locked)
        form.show_now()
    return form, tried


def back_to(view: Viewpoint, name: str, *args: str) -> HttpResponse:
    """Where a form that was saved goes on, so that reloading sends nothing again."""
    return HttpResponseRedirect(reverse(f"web:{name}", args=[view.program.code, *args]))
