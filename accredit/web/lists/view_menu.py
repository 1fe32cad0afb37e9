"""The menu of views over the list: which there are, which one is open, and what can be done with it."""

from collections.abc import Mapping
from typing import Any

from accredit.access.models import User
from accredit.database.keys import key_to_text
from accredit.lists.models import ListView
from accredit.lists.views import kept_by
from accredit.web.lists.state import EVERYTHING, VIEW_PREFIX, ListState


def view_query(view: ListView) -> str:
    """What the address of a view says."""
    return f"?{view.query}{'&' if view.query else ''}view={key_to_text(VIEW_PREFIX, view.id)}"


def views_of(user: User, state: ListState) -> Mapping[str, Any]:
    """The context of the menu. `current`: the view that was opened; `changed`: what is looked at differs from it."""
    page, view = state.page, state.view
    kept = kept_by(user, view.program, page.list.name)
    keys = {one: key_to_text(VIEW_PREFIX, one.id) for one in kept.views}
    current = next((one for one, key in keys.items() if key == state.view_key), None)
    query = state.query()
    return {
        "own": [(one, page.url(view, view_query(one))) for one in kept.own],
        "shared": [(one, page.url(view, view_query(one))) for one in kept.shared],
        "everything_url": page.url(view, EVERYTHING),
        "current": current,
        "changed": current is not None and current.query != state.kept_query,
        "may_change": current is not None and kept.may_change(current),
        "opens": current is not None and kept.habit is not None and kept.habit.view == current,
        "organizations": kept.organizations,
        "keep_url": page.url_of("views", view, query=query),
        "change_url": page.url_of("view", view, keys[current], query=query) if current else "",
        "columns_url": page.url_of("columns", view, query=query),
    }
