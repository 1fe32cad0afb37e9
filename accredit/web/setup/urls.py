"""The addresses of the set-up."""

from django.urls import path

from accredit.web.setup import creating, file, history, keys, mine, overview, partners, parts, periods, program
from accredit.web.setup.collections import COLLECTIONS

SETUP = "programs/<path:code>/setup"
urlpatterns = [
    path("programs/new", creating.new_program, name="new-program"),
    path("programs/<path:code>/mine", mine.mine, name="mine"),
    path(SETUP, overview.overview, name="setup"),
    path(f"{SETUP}/program", program.program, name="setup-program"),
    path(f"{SETUP}/keys", keys.keys, name="setup-keys"),
    path(f"{SETUP}/file", file.file, name="setup-file"),
    path(f"{SETUP}/file/download", file.download, name="setup-file-download"),
    path(f"{SETUP}/history", history.history, name="setup-history"),
    path(f"{SETUP}/partners", partners.index, name="setup-partners"),
    path(f"{SETUP}/partners/new", partners.new, name="setup-partners-new"),
    path(f"{SETUP}/partners/<str:owner>", partners.one, name="setup-partners-one"),
]
for of in COLLECTIONS:
    kind = {"of": of}
    urlpatterns += [
        path(f"{SETUP}/{of.slug}", parts.index, kind, name=of.page),
        path(f"{SETUP}/{of.slug}/new", parts.new, kind, name=f"{of.page}-new"),
        path(f"{SETUP}/{of.slug}/<str:part>", parts.one, kind, name=f"{of.page}-one"),
    ]
for owners in (periods.PARTNERS, periods.CHANNELS):
    whose = {"owners": owners}
    slug = owners.page.removeprefix("setup-")
    urlpatterns += [
        path(f"{SETUP}/{slug}/<str:owner>/periods/new", periods.new, whose, name=f"{owners.page}-period-new"),
        path(f"{SETUP}/{slug}/<str:owner>/periods/<str:period>", periods.one, whose, name=f"{owners.page}-period"),
    ]
