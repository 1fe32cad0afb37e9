"""The Django app, by which procrastinate finds the periodic jobs in `tasks`."""

from django.apps import AppConfig


class WorkerConfig(AppConfig):
    name = "accredit.worker"
