"""The addresses of the API, below /api/v1/."""

from django.urls import path

from accredit.api import asking, conversions, programs, turnovers, validations

app_name = "api"
PROGRAM = "programs/<path:code>"
urlpatterns = [
    path("", programs.start, name="api"),
    path("programs", programs.programs, name="api-programs"),
    path(f"{PROGRAM}/conversions", conversions.conversions, name="api-conversions"),
    path(f"{PROGRAM}/conversions/<str:conversion>", conversions.conversion, name="api-conversion"),
    path(f"{PROGRAM}/validations", validations.validations, name="api-validations"),
    path(f"{PROGRAM}/turnovers", turnovers.turnovers, name="api-turnovers"),
    path("<path:path>", asking.nothing, name="api-nothing"),
]
