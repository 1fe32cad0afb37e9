# What rows have in common besides, and corrections that can be taken back.

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("imports", "0002_rows"),
    ]

    operations = [
        migrations.AddField(
            model_name="row",
            name="also",
            field=models.TextField(db_collation="C", null=True),
        ),
        migrations.AddIndex(
            model_name="row",
            index=models.Index(
                condition=models.Q(("also__isnull", False)), fields=["upload", "also"], name="rows_also"
            ),
        ),
        migrations.CreateModel(
            name="Correction",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "places",
                    django.contrib.postgres.fields.ArrayField(base_field=models.PositiveIntegerField(), size=None),
                ),
                ("before", models.BinaryField()),
                (
                    "upload",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="corrections", to="imports.upload"
                    ),
                ),
            ],
        ),
    ]
