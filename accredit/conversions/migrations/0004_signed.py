"""What came in is told apart by `tracking_order`; a conversion says whether it came signed."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tracking", "0002_intake"),
        ("conversions", "0003_sorted_by_amount"),
        ("programs", "0003_signing_keys"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="decision",
            name="decision_cause",
        ),
        migrations.RemoveField(
            model_name="conversion",
            name="digest",
        ),
        migrations.AddField(
            model_name="conversion",
            name="signed",
            field=models.BooleanField(null=True),
        ),
        migrations.AlterField(
            model_name="decision",
            name="cause",
            field=models.TextField(
                choices=[("recorded", "Recorded"), ("credited_again", "Credited Again")], db_collation="C"
            ),
        ),
        migrations.AddConstraint(
            model_name="decision",
            constraint=models.CheckConstraint(
                condition=models.Q(("cause__in", ["recorded", "credited_again"])), name="decision_cause"
            ),
        ),
    ]
