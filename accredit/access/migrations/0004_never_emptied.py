"""Nobody empties the audit log, not even its owner."""

from django.db import migrations

from accredit.database.roles import NeverEmptied


class Migration(migrations.Migration):
    dependencies = [("access", "0003_people"), ("tracking", "0001_initial")]
    operations = [NeverEmptied("access_auditentry")]
