from django.db import migrations, models


class Migration(migrations.Migration):
    """The list sorts by amounts as fast as by time."""

    dependencies = [("conversions", "0002_refusals")]

    operations = [
        migrations.AddIndex(
            model_name="conversion",
            index=models.Index(fields=["program", "currency", f"{field}_minor", "id"], name=f"conversion_by_{field}"),
        )
        for field in ("turnover", "commission")
    ]
