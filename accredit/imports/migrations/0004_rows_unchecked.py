# Rows are written in one go with their upload: to look it up for each of them took a quarter of an import.

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("imports", "0003_taken_back"),
    ]

    operations = [
        migrations.AlterField(
            model_name="row",
            name="upload",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="imports.upload",
            ),
        ),
    ]
