"""The addresses of the pages about people."""

from django.urls import path

from accredit.web.people import own

urlpatterns = [
    path("account", own.profile, name="profile"),
    path("account/sessions/end", own.end_sessions, name="end-sessions"),
    path("mailbox", own.mailbox, name="mailbox"),
]
