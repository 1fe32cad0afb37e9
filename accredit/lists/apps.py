"""The Django app."""

from django.apps import AppConfig


class ListsConfig(AppConfig):
    name = "accredit.lists"
