"""Up to when somebody was told by e-mail what happened; and what happened, by time."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("conversion_requests", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Told",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "user_id", "program_id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("through", models.DateTimeField()),
                (
                    "program",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="programs.program"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="comment", index=models.Index(fields=["program", "written_at"], name="comment_by_time")
        ),
        migrations.AddIndex(
            model_name="stagechange", index=models.Index(fields=["program", "changed_at"], name="stage_change_by_time")
        ),
    ]
