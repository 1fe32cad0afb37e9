"""The addresses of the pages: what everybody has, then each section its own."""

from django.urls import path

from accredit.web import preferences
from accredit.web.conversions import urls as conversions
from accredit.web.intake import urls as intake
from accredit.web.jobs import urls as jobs
from accredit.web.people import signing_in
from accredit.web.people import urls as people
from accredit.web.request_imports import urls as request_imports
from accredit.web.requests import urls as requests
from accredit.web.setup import urls as setup
from accredit.web.terms import urls as terms
from accredit.web.validation import urls as validation

app_name = "web"
urlpatterns = [
    path("", signing_in.home, name="home"),
    path("preferences", preferences.prefer, name="preferences"),
    *intake.urlpatterns,
    *conversions.urlpatterns,
    *jobs.urlpatterns,
    *people.urlpatterns,
    *terms.urlpatterns,
    *request_imports.urlpatterns,
    *requests.urlpatterns,
    *setup.urlpatterns,
    *validation.urlpatterns,
]
