"""The addresses that every list has."""

from typing import Any

from django.urls import URLPattern, path

from accredit.web.lists import bar, exporting, pages, views
from accredit.web.lists.declaring import ListPage


def addresses(where: str, page: ListPage[Any], *, exports: str) -> list[URLPattern]:
    """Those of a list at `where`, and of its exports."""
    name, given = page.name, {"page": page}
    return [
        path(where, pages.list_page, given, name=page.list.name),
        path(f"{where}/columns", views.columns, given, name=f"{name}-columns"),
        path(f"{where}/views", views.new_view, given, name=f"{name}-views"),
        path(f"{where}/views/<str:key>", views.change_view, given, name=f"{name}-view"),
        path(f"{where}/filter/<str:column>", bar.edit_filter, given, name=f"{name}-filter"),
        path(f"{where}/news", pages.news, given, name=f"{name}-news"),
        path(f"{where}/totals", pages.totals, given, name=f"{name}-totals"),
        path(f"{where}/rows", pages.rows, given, name=f"{name}-rows"),
        path(exports, exporting.start_export, given, name=f"{name}-exports"),
    ]
