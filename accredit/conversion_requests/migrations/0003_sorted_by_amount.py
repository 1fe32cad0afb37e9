"""Requests sorted by amounts; what has no commission stands where one of nothing does."""

from django.db import migrations, models
from django.db.models.functions import Coalesce


class Migration(migrations.Migration):
    dependencies = [("conversion_requests", "0002_telling")]

    operations = [
        migrations.AddIndex(
            "request",
            models.Index(fields=["program", "currency", "turnover_shown_minor", "id"], name="request_by_turnover"),
        ),
        migrations.AddIndex(
            "request",
            models.Index("program", "currency", Coalesce("commission_minor", 0), "id", name="request_by_commission"),
        ),
    ]
