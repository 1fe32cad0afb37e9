"""Nobody empties what came in about orders, not even its owner."""

from django.db import migrations

from accredit.database.roles import NeverEmptied


class Migration(migrations.Migration):
    dependencies = [("tracking", "0007_visits")]
    operations = [NeverEmptied("tracking_conversion_event"), NeverEmptied("tracking_order")]
