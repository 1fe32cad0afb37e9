"""Nobody empties the ledger, not even its owner."""

from django.db import migrations

from accredit.database.roles import NeverEmptied

NAMES = ("ledger_account", "ledger_entry", "ledger_posting", "ledger_month", "ledger_closing")


class Migration(migrations.Migration):
    dependencies = [("ledger", "0002_references_of_a_batch"), ("tracking", "0001_initial")]
    operations = [NeverEmptied(name) for name in NAMES]
