"""The addresses of the conversion list."""

from django.urls import path

from accredit.web.conversions import bar, listing, rows, turnover, validating, views

PROGRAM = "programs/<path:code>/conversions"
VALIDATION = "programs/<path:code>/validation"
urlpatterns = [
    path(VALIDATION, validating.validate, name="validation"),
    path(f"{VALIDATION}/ask", validating.ask, name="validation-ask"),
    path(PROGRAM, listing.conversion_list, name="conversions"),
    path(f"{PROGRAM}/columns", views.columns, name="conversion-columns"),
    path(f"{PROGRAM}/views", views.new_view, name="conversion-views"),
    path(f"{PROGRAM}/views/<str:key>", views.change_view, name="conversion-view"),
    path(f"{PROGRAM}/filter/<str:column>", bar.edit_filter, name="conversion-filter"),
    path(f"{PROGRAM}/news", listing.news, name="conversion-news"),
    path(f"{PROGRAM}/totals", listing.totals, name="conversion-totals"),
    path(f"{PROGRAM}/rows", rows.rows, name="conversion-rows"),
    path(f"{PROGRAM}/<str:conversion>", listing.conversion, name="conversion"),
    path(f"{PROGRAM}/<str:conversion>/turnover", turnover.window, name="conversion-turnover"),
    path(f"{PROGRAM}/<str:conversion>/turnover/preview", turnover.preview, name="conversion-turnover-preview"),
]
