"""What the database refuses in a set-up: overlapping periods and codes, and a change to a terms version in use."""

from django.contrib.postgres.operations import BtreeGistExtension
from django.db import migrations

OVERLAPS = """
alter table programs_contractperiod add constraint contract_periods_overlap
    exclude using gist (contract_id with =, tstzrange(starts_at, ends_at) with &&);
alter table programs_channelperiod add constraint channel_periods_overlap
    exclude using gist (channel_id with =, tstzrange(starts_at, ends_at) with &&);
alter table programs_promocode add constraint promo_codes_overlap
    exclude using gist (
        program_id with =, match with =, normalized_code with =, tstzrange(starts_at, ends_at) with &&
    );
"""

VERSION_IN_USE = """
create function programs_refuse_change_of_used_version() returns trigger language plpgsql as $$
begin
    if exists (select from programs_contractperiod where terms_version_id = old.id) then
        raise exception 'a contract period uses this version of the terms'
            using errcode = 'integrity_constraint_violation', constraint = 'terms_version_in_use';
    end if;
    return case tg_op when 'DELETE' then old else new end;
end
$$;
create trigger version_in_use before delete or update on programs_termsversion
    for each row execute function programs_refuse_change_of_used_version();

-- A version that is being changed is not taken into use at the same moment: whoever comes second waits for the first.
create function programs_lock_version() returns trigger language plpgsql as $$
begin
    perform from programs_termsversion where id = new.terms_version_id for share;
    return new;
end
$$;
create trigger lock_version before insert or update of terms_version_id on programs_contractperiod
    for each row execute function programs_lock_version();
"""


class Migration(migrations.Migration):
    dependencies = [("programs", "0001_initial")]
    operations = [
        BtreeGistExtension(),
        migrations.RunSQL(
            OVERLAPS,
            """
            alter table programs_contractperiod drop constraint contract_periods_overlap;
            alter table programs_channelperiod drop constraint channel_periods_overlap;
            alter table programs_promocode drop constraint promo_codes_overlap;
            """,
        ),
        migrations.RunSQL(
            VERSION_IN_USE,
            """
            drop function programs_refuse_change_of_used_version cascade;
            drop function programs_lock_version cascade;
            """,
        ),
    ]
