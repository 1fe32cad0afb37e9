"""The addresses of the conversion list."""

from django.urls import path

from accredit.web.conversions import listing

PROGRAM = "programs/<path:code>/conversions"
urlpatterns = [
    path(PROGRAM, listing.conversion_list, name="conversions"),
    path(f"{PROGRAM}/news", listing.news, name="conversion-news"),
    path(f"{PROGRAM}/totals", listing.totals, name="conversion-totals"),
    path(f"{PROGRAM}/<str:conversion>", listing.conversion, name="conversion"),
]
