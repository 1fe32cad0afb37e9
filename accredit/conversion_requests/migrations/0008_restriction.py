"""Why nothing would be paid for what a request asks for."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("conversion_requests", "0007_silence")]

    operations = [
        migrations.AddField(model_name="request", name="restriction", field=models.TextField(null=True)),
    ]
