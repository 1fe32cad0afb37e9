"""Requests that others take the place of; the same one may be asked again once its conversion has changed."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("conversion_requests", "0003_sorted_by_amount")]

    operations = [
        migrations.AddField("request", "replaced_by", models.UUIDField(null=True)),
        migrations.RemoveConstraint("request", "request_once"),
        migrations.AddConstraint(
            "request",
            models.UniqueConstraint(
                fields=["program", "digest", "changes"],
                condition=~models.Q(stage="withdrawn") | models.Q(replaced_by__isnull=False),
                nulls_distinct=False,
                name="request_once",
            ),
        ),
        migrations.AddConstraint(
            "request",
            models.UniqueConstraint(
                fields=["program", "replaced_by"],
                condition=models.Q(replaced_by__isnull=False),
                name="request_replaces_one",
            ),
        ),
    ]
