"""An order that earns nothing because terms say nothing of it does not keep its contract period from other terms, so
that it can be credited again by those."""

from django.db import migrations

PERIOD_IN_USE = """
create or replace function conversions_refuse_change_of_used_contract_period() returns trigger language plpgsql as $$
declare
    used record;
    kept_from timestamptz := 'infinity';
    kept_until timestamptz := '-infinity';
    terms_kept boolean := false;
    last_at timestamptz;
begin
    select partner.program_id, partner.code into used
        from programs_contract contract join programs_partner partner on partner.id = contract.partner_id
        where contract.id = old.contract_id;
    if tg_op = 'UPDATE' and (new.contract_id, new.credit_group, new.referral_window_days)
            = (old.contract_id, old.credit_group, old.referral_window_days) then
        kept_from := new.starts_at;
        kept_until := coalesce(new.ends_at, 'infinity');
        terms_kept := new.terms_version_id = old.terms_version_id;
    end if;
    select max(occurred_at) into last_at from conversions_conversion
        where program_id = used.program_id and partner = used.code
        and occurred_at >= old.starts_at and occurred_at < coalesce(old.ends_at, 'infinity')
        and not (
            occurred_at >= kept_from and occurred_at < kept_until
            and (terms_kept or status = 'open' and commission_minor = 0
                and restriction in ('event_type_not_paid', 'no_amount_in_currency'))
        );
    perform conversions_refuse_where_used(last_at, 'contract_period_in_use');
    return case tg_op when 'DELETE' then old else new end;
end
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("conversions", "0012_paid_held_and_kept")]
    operations = [migrations.RunSQL(PERIOD_IN_USE)]
