"""The addresses of terms."""

from django.urls import path

from accredit.web.terms import announcing, editing, pages, suggesting

TERMS = "programs/<path:code>/terms"
VERSION = f"{TERMS}/<path:terms>/<int:version>"
urlpatterns = [
    path(TERMS, pages.terms_list, name="terms"),
    path(f"{TERMS}/new", editing.new_terms, name="terms-new"),
    path(f"{TERMS}/suggestions", suggesting.suggestions, name="terms-suggestions"),
    path(f"{TERMS}/e-mails", announcing.mails, name="terms-mails"),
    path(VERSION, pages.terms_version, name="terms-version"),
    path(f"{VERSION}/next", editing.next_version, name="terms-next"),
    path(f"{VERSION}/edit", editing.edit_version, name="terms-edit"),
    path(f"{VERSION}/announce", announcing.announce, name="terms-announce"),
    path(f"{VERSION}/accept", announcing.accept, name="terms-accept"),
]
