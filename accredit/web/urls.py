"""The addresses of the pages: what everybody has, then each section its own."""

from django.contrib.auth.views import LogoutView
from django.urls import path

from accredit.web import preferences, signing_in
from accredit.web.conversions import urls as conversions
from accredit.web.intake import urls as intake

app_name = "web"
urlpatterns = [
    path("", signing_in.home, name="home"),
    path("sign-in", signing_in.SignIn.as_view(), name="sign-in"),
    path("sign-out", LogoutView.as_view(next_page="web:sign-in"), name="sign-out"),
    path("preferences", preferences.prefer, name="preferences"),
    *intake.urlpatterns,
    *conversions.urlpatterns,
]
