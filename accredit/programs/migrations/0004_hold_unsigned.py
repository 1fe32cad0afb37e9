"""Programs that book only what is signed, or let in by somebody."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("programs", "0003_signing_keys")]
    operations = [
        migrations.AddField("program", "hold_unsigned", models.BooleanField(default=False)),
    ]
