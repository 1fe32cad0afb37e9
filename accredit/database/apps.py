"""The Django app whose migration comes before every other: what the application's role may do."""

from django.apps import AppConfig


class DatabaseConfig(AppConfig):
    name = "accredit.database"
    label = "database"
