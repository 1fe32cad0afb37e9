"""Who wants no e-mails, about terms as about whatever else."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("programs", "0006_telling_of_terms"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Silence",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "user_id", "program_id", "topic", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("topic", models.TextField(db_collation="C")),
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
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("topic__in", ["requests", "terms"])), name="silence_topic"
                    )
                ],
            },
        ),
        migrations.RunSQL(
            "insert into programs_silence (user_id, program_id, topic)"
            " select user_id, program_id, 'terms' from programs_termssilence",
            "insert into programs_termssilence (user_id, program_id)"
            " select user_id, program_id from programs_silence where topic = 'terms'",
        ),
        migrations.DeleteModel(name="TermsSilence"),
    ]
