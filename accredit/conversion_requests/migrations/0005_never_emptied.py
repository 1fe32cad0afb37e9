"""Nobody empties what requests came through, not even its owner."""

from django.db import migrations

from accredit.database.roles import NeverEmptied


class Migration(migrations.Migration):
    dependencies = [("conversion_requests", "0004_correcting"), ("tracking", "0001_initial")]
    operations = [NeverEmptied("conversion_requests_stagechange")]
