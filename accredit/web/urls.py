"""The addresses of the pages."""

from django.contrib.auth.views import LogoutView
from django.urls import path

from accredit.web import conversions, intake, preferences, signing_in

app_name = "web"
urlpatterns = [
    path("", signing_in.home, name="home"),
    path("sign-in", signing_in.SignIn.as_view(), name="sign-in"),
    path("sign-out", LogoutView.as_view(next_page="web:sign-in"), name="sign-out"),
    path("preferences", preferences.prefer, name="preferences"),
    path("programs/<path:code>/intake", intake.intake, name="intake"),
    path("programs/<path:code>/customer-status", intake.customer_status, name="customer-status"),
    path("programs/<path:code>/conversions", conversions.conversion_list, name="conversions"),
    path("programs/<path:code>/conversions/news", conversions.news, name="conversion-news"),
    path("programs/<path:code>/conversions/totals", conversions.totals, name="conversion-totals"),
    path("programs/<path:code>/conversions/<str:conversion>", conversions.conversion, name="conversion"),
]
