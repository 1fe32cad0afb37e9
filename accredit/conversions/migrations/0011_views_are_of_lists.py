"""The tables are those of `accredit.lists` by now; here they are only forgotten."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("conversions", "0010_requested_changes"), ("lists", "0001_initial")]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[migrations.DeleteModel("ListHabit"), migrations.DeleteModel("ListView")]
        )
    ]
