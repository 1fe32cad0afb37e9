"""The addresses of the pages about what comes in."""

from django.urls import path

from accredit.web.intake import pages

urlpatterns = [
    path("programs/<path:code>/intake", pages.intake, name="intake"),
    path("programs/<path:code>/customer-status", pages.customer_status, name="customer-status"),
]
