import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import accredit.database.keys


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0003_people"),
        ("conversions", "0006_references_of_a_batch"),
        ("programs", "0003_signing_keys"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ListView",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=accredit.database.keys.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("name", models.CharField(max_length=60)),
                ("query", models.TextField()),
                (
                    "organization",
                    models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, to="access.organization"),
                ),
                (
                    "program",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.CASCADE, to="programs.program"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ListHabit",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "user_id", "program_id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("columns", models.TextField(default="")),
                ("program", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="programs.program")),
                (
                    "user",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "view",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.SET_NULL, to="conversions.listview"
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="listview",
            constraint=models.UniqueConstraint(fields=("program", "user", "name"), name="list_view_of_user"),
        ),
        migrations.AddConstraint(
            model_name="listview",
            constraint=models.UniqueConstraint(
                fields=("program", "organization", "name"), name="list_view_of_organization"
            ),
        ),
        migrations.AddConstraint(
            model_name="listview",
            constraint=models.CheckConstraint(
                condition=models.Q(("user__isnull", True), ("organization__isnull", True), _connector="XOR"),
                name="list_view_of_one",
            ),
        ),
    ]
