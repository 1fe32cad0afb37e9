"""The addresses of conversion requests."""

from django.urls import path

from accredit.web.lists.urls import addresses
from accredit.web.requests import comments, deciding, panel, raising, rules, telling
from accredit.web.requests.page import PAGE

PROGRAM = "programs/<path:code>/requests"
urlpatterns = [
    path("programs/<path:code>/setup/requests", rules.rules_page, name="request-rules"),
    path("programs/<path:code>/setup/requests/preview", rules.rules_preview, name="request-rules-preview"),
    *addresses(PROGRAM, PAGE, exports=f"{PROGRAM}/export"),
    path(f"{PROGRAM}/ask", deciding.ask, name="request-ask"),
    path(f"{PROGRAM}/ask/rows", deciding.ask_rows, name="request-ask-rows"),
    path(f"{PROGRAM}/decide", deciding.decide_requests, name="request-decide"),
    path(f"{PROGRAM}/withdrawal/ask", deciding.ask_withdraw, name="request-ask-withdraw"),
    path(f"{PROGRAM}/withdrawal", deciding.withdraw_requests, name="request-withdraw"),
    path(f"{PROGRAM}/new", raising.raise_one, name="request-new"),
    path(f"{PROGRAM}/new/check", raising.check_one, name="request-check"),
    path(f"{PROGRAM}/e-mails", telling.request_mails, name="request-mails"),
    path(f"{PROGRAM}/<str:key>", panel.request_page, name="request"),
    path(f"{PROGRAM}/<str:key>/comments", comments.add_comment, name="request-comments"),
    path(f"{PROGRAM}/<str:key>/files/<str:attachment>", comments.attachment, name="request-attachment"),
]
