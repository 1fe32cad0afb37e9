"""Choosing columns, and keeping views of the list under a name."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accredit.access.models import User
from accredit.database.keys import KeyTextError, key_from_text, key_to_text
from accredit.lists.listing import ColumnsError, columns_text
from accredit.lists.models import ListView
from accredit.lists.views import (
    Kept,
    ViewError,
    delete_view,
    keep_columns,
    keep_view,
    kept_by,
    open_with,
    rename_view,
    replace_view,
)
from accredit.programs.visibility import Viewpoint
from accredit.web.lists.declaring import ListPage
from accredit.web.lists.pages import show_list
from accredit.web.lists.state import VIEW_PREFIX, ListState, state_of
from accredit.web.naming import Names
from accredit.web.pages import for_program, show, wants_part


@require_http_methods(["GET", "POST"])
@for_program
def columns(request: HttpRequest, view: Viewpoint, page: ListPage[Any]) -> HttpResponse:
    """The form in which columns are chosen, those that are shown first; it keeps them, and shows the list with them."""
    state = state_of(page, Names(view), request.GET)
    if request.method == "GET":
        return show(request, "web/lists/columns.html", _form(state))
    try:
        standard, text = "standard" in request.POST, ".".join(request.POST.getlist("column"))
        chosen = [] if standard else page.list.columns_from_text(text, view)
    except ColumnsError:
        return _show(request, state, error=_("Choose at least one column."))
    keep_columns(user=_user(request), program=view.program, name=page.list.name, chosen=chosen)
    return _show(request, replace(state, chosen=chosen))


def _form(state: ListState) -> Mapping[str, Any]:
    names = {one.column.name for one in state.columns}
    others = [column for column in state.page.list.columns_for(state.view) if column.name not in names]
    return {
        "columns": [
            *((columns_text([one]), one.column.title, True) for one in state.columns),
            *((column.name, column.title, False) for column in others),
        ],
        "columns_url": state.page.url_of("columns", state.view, query=state.query()),
    }


@require_POST
@for_program
def new_view(request: HttpRequest, view: Viewpoint, page: ListPage[Any]) -> HttpResponse:
    """Keeps what is looked at under a name, for oneself or for an organization."""
    state, user = state_of(page, Names(view), request.GET), _user(request)
    name, organization = request.POST.get("name", ""), request.POST.get("organization", "")
    partners = [one for one in kept_by(user, view.program, page.list.name).organizations if str(one.pk) == organization]
    if organization and not partners:
        raise Http404(f"{organization!r} is no organization that this user may share with")
    try:
        made = keep_view(
            user=user,
            program=view.program,
            list_name=page.list.name,
            name=name,
            query=state.kept_query,
            organization=partners[0] if partners else None,
        )
    except ViewError as error:
        return _show(request, state, error=str(error), typed=name)
    return _show(request, replace(state, view_key=key_to_text(VIEW_PREFIX, made.id)))


@require_POST
@for_program
def change_view(request: HttpRequest, view: Viewpoint, page: ListPage[Any], key: str) -> HttpResponse:
    """Renames, replaces or deletes a view, or opens the list with it from now on, as the pressed button says (`do`)."""
    state, user = state_of(page, Names(view), request.GET), _user(request)
    kept = kept_by(user, view.program, page.list.name)
    found = _found(kept, key)
    do = request.POST.get("do")
    if do in ("open", "open_not"):
        open_with(user=user, program=view.program, name=page.list.name, view=found if do == "open" else None)
        return _show(request, state)
    if not kept.may_change(found):
        raise Http404(f"the view {key!r} is others' to change")
    if do == "delete":
        delete_view(found)
        back = page.url_of("views", view, query=f"?{found.query}" if found.query else "")
        return _show(request, replace(state, view_key=""), deleted=found, back_url=back)
    try:
        if do == "replace":
            replace_view(found, state.kept_query)
        else:
            rename_view(found, request.POST.get("name", ""))
    except ViewError as error:
        return _show(request, state, error=str(error))
    return _show(request, state)


def _found(kept: Kept, key: str) -> ListView:
    try:
        wanted = key_from_text(VIEW_PREFIX, key)
    except KeyTextError as error:
        raise Http404(str(error)) from error
    for one in kept.views:
        if one.id == wanted:
            return one
    raise Http404(f"no view {key!r} for this user")


def _user(request: HttpRequest) -> User:
    return cast(User, request.user)


def _show(request: HttpRequest, state: ListState, **told: Any) -> HttpResponse:
    """The list in the new state, under its new address; to a browser without scripts that address alone."""
    address = state.page.url(state.view, state.query())
    if not wants_part(request) and not told:
        return HttpResponseRedirect(address)
    response = show_list(request, state, told)
    response.headers["HX-Push-Url"] = address
    return response
