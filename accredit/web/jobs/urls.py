"""The addresses of work in the background."""

from django.urls import path

from accredit.web.jobs import pages

JOBS = "programs/<path:code>/jobs"
urlpatterns = [
    path(JOBS, pages.jobs, name="jobs"),
    path(f"{JOBS}/<str:job>", pages.job, name="job"),
    path(f"{JOBS}/<str:job>/file", pages.file, name="job-file"),
    path(f"{JOBS}/<str:job>/rows", pages.rows, name="job-rows"),
    path(f"{JOBS}/<str:job>/cancel", pages.stop, name="job-cancel"),
    path(f"{JOBS}/<str:job>/continue", pages.go_on, name="job-continue"),
]
