"""What the database refuses: facts of no set-up, a rewritten history, and set-up rewritten under the conversions that
were credited by it. Whoever changes such set-up holds the program's lock (`programs.operations.lock_program`), as
whoever credits does, so that neither happens while the other looks."""

from django.db import migrations

from accredit.database.roles import AppendOnly

REFERENCES = """
alter table conversions_conversion
    add constraint conversion_event_type foreign key (program_id, event_type)
        references programs_eventtype (program_id, code),
    add constraint conversion_partner foreign key (program_id, partner)
        references programs_partner (program_id, code),
    add constraint conversion_channel foreign key (program_id, channel)
        references programs_channel (program_id, code),
    add constraint conversion_rate foreign key (program_id, rate_id)
        references conversions_rate (program_id, id);
alter table conversions_decision
    add constraint decision_conversion foreign key (program_id, conversion_id)
        references conversions_conversion (program_id, id);
alter table conversions_item
    add constraint item_decision foreign key (program_id, conversion_id, decision)
        references conversions_decision (program_id, conversion_id, number),
    add constraint item_rate foreign key (program_id, rate_id)
        references conversions_rate (program_id, id),
    add constraint item_commission
        check ((rate_id is null) = (commission_minor is null) and coalesce(commission_minor, 0) >= 0);
"""

APPEND_ONLY = """
create trigger append_only before update or delete on conversions_rate
    for each row execute function refuse_change();
create trigger append_only before update or delete on conversions_decision
    for each row execute function refuse_change();
create trigger append_only before update or delete on conversions_item
    for each row execute function refuse_change();
"""

IN_USE = """
create function conversions_refuse_where_used(last_at timestamptz, refusal text) returns void language plpgsql as $$
begin
    if last_at is not null then
        raise exception 'it credited conversions, the last one at %', last_at
            using errcode = 'integrity_constraint_violation', constraint = refusal,
            detail = to_char(last_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');
    end if;
end
$$;
"""

PROGRAM_IN_USE = """
create function conversions_refuse_change_of_used_program() returns trigger language plpgsql as $$
begin
    if exists (select from conversions_conversion where program_id = old.id) then
        raise exception 'the program has conversions: its currency and its time zone stay'
            using errcode = 'integrity_constraint_violation', constraint = 'program_in_use';
    end if;
    return new;
end
$$;
create trigger program_in_use before update on programs_program
    for each row when (old.currency <> new.currency or old.timezone <> new.timezone)
    execute function conversions_refuse_change_of_used_program();
"""

PERIOD_IN_USE = """
create function conversions_refuse_change_of_used_contract_period() returns trigger language plpgsql as $$
declare
    used record;
    kept_from timestamptz := 'infinity';
    kept_until timestamptz := '-infinity';
    last_at timestamptz;
begin
    select partner.program_id, partner.code into used
        from programs_contract contract join programs_partner partner on partner.id = contract.partner_id
        where contract.id = old.contract_id;
    if tg_op = 'UPDATE' and (new.contract_id, new.terms_version_id, new.credit_group, new.referral_window_days)
            = (old.contract_id, old.terms_version_id, old.credit_group, old.referral_window_days) then
        kept_from := new.starts_at;
        kept_until := coalesce(new.ends_at, 'infinity');
    end if;
    select max(occurred_at) into last_at from conversions_conversion
        where program_id = used.program_id and partner = used.code
        and occurred_at >= old.starts_at and occurred_at < coalesce(old.ends_at, 'infinity')
        and not (occurred_at >= kept_from and occurred_at < kept_until);
    perform conversions_refuse_where_used(last_at, 'contract_period_in_use');
    return case tg_op when 'DELETE' then old else new end;
end
$$;
create trigger period_in_use before update or delete on programs_contractperiod
    for each row execute function conversions_refuse_change_of_used_contract_period();

create function conversions_refuse_change_of_used_channel_period() returns trigger language plpgsql as $$
declare
    used record;
    kept_from timestamptz := 'infinity';
    kept_until timestamptz := '-infinity';
    last_at timestamptz;
begin
    select program_id, code into used from programs_channel where id = old.channel_id;
    if tg_op = 'UPDATE' and (new.channel_id, new.credit_group, new.referral_window_days)
            = (old.channel_id, old.credit_group, old.referral_window_days) then
        kept_from := new.starts_at;
        kept_until := coalesce(new.ends_at, 'infinity');
    end if;
    select max(occurred_at) into last_at from conversions_conversion
        where program_id = used.program_id and channel = used.code
        and occurred_at >= old.starts_at and occurred_at < coalesce(old.ends_at, 'infinity')
        and not (occurred_at >= kept_from and occurred_at < kept_until);
    perform conversions_refuse_where_used(last_at, 'channel_period_in_use');
    return case tg_op when 'DELETE' then old else new end;
end
$$;
create trigger period_in_use before update or delete on programs_channelperiod
    for each row execute function conversions_refuse_change_of_used_channel_period();
"""

CHANNEL_IN_USE = """
create function conversions_refuse_change_of_used_channel() returns trigger language plpgsql as $$
declare
    last_at timestamptz;
begin
    select max(occurred_at) into last_at from conversions_conversion
        where program_id = old.program_id and channel = old.code
        and not exists (select from programs_channelperiod where channel_id = old.id);
    perform conversions_refuse_where_used(last_at, 'channel_in_use');
    return new;
end
$$;
create trigger channel_in_use before update on programs_channel for each row
    when (old.credit_group <> new.credit_group or old.referral_window_days <> new.referral_window_days)
    execute function conversions_refuse_change_of_used_channel();

-- With its first period a channel stops to hold at all times; what it was credited with must go on to hold.
create function conversions_refuse_period_beside_used_channel() returns trigger language plpgsql as $$
declare
    used record;
    kept_from timestamptz := 'infinity';
    kept_until timestamptz := '-infinity';
    last_at timestamptz;
begin
    if exists (select from programs_channelperiod where channel_id = new.channel_id) then
        return new;
    end if;
    select program_id, code, credit_group, referral_window_days into used
        from programs_channel where id = new.channel_id;
    if (new.credit_group, new.referral_window_days) = (used.credit_group, used.referral_window_days) then
        kept_from := new.starts_at;
        kept_until := coalesce(new.ends_at, 'infinity');
    end if;
    select max(occurred_at) into last_at from conversions_conversion
        where program_id = used.program_id and channel = used.code
        and not (occurred_at >= kept_from and occurred_at < kept_until);
    perform conversions_refuse_where_used(last_at, 'channel_in_use');
    return new;
end
$$;
create trigger channel_in_use before insert on programs_channelperiod
    for each row execute function conversions_refuse_period_beside_used_channel();
"""

PROMO_CODE_IN_USE = """
create function conversions_refuse_change_of_used_promo_code() returns trigger language plpgsql as $$
declare
    owner text;
    kept_from timestamptz := 'infinity';
    kept_until timestamptz := '-infinity';
    last_at timestamptz;
begin
    select code into owner from programs_partner where id = old.partner_id;
    if tg_op = 'UPDATE' and (new.program_id, new.partner_id, new.code, new.match, new.policy)
            = (old.program_id, old.partner_id, old.code, old.match, old.policy) then
        kept_from := coalesce(new.starts_at, '-infinity');
        kept_until := coalesce(new.ends_at, 'infinity');
    end if;
    select max(occurred_at) into last_at from conversions_conversion
        where program_id = old.program_id and partner = owner and credited_promo_code = old.code
        and occurred_at >= coalesce(old.starts_at, '-infinity') and occurred_at < coalesce(old.ends_at, 'infinity')
        and not (occurred_at >= kept_from and occurred_at < kept_until);
    perform conversions_refuse_where_used(last_at, 'promo_code_in_use');
    return case tg_op when 'DELETE' then old else new end;
end
$$;
create trigger promo_code_in_use before update or delete on programs_promocode
    for each row execute function conversions_refuse_change_of_used_promo_code();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("conversions", "0001_initial"),
        ("programs", "0002_refusals"),
        ("tracking", "0001_initial"),
    ]
    operations = [
        migrations.RunSQL(
            REFERENCES,
            """
            alter table conversions_item
                drop constraint item_decision, drop constraint item_rate, drop constraint item_commission;
            alter table conversions_decision drop constraint decision_conversion;
            alter table conversions_conversion
                drop constraint conversion_event_type, drop constraint conversion_partner,
                drop constraint conversion_channel, drop constraint conversion_rate;
            """,
        ),
        migrations.RunSQL(
            APPEND_ONLY,
            """
            drop trigger append_only on conversions_rate;
            drop trigger append_only on conversions_decision;
            drop trigger append_only on conversions_item;
            """,
        ),
        *(AppendOnly(f"conversions_{table}") for table in ("rate", "decision", "item")),
        migrations.RunSQL(IN_USE, "drop function conversions_refuse_where_used"),
        migrations.RunSQL(PROGRAM_IN_USE, "drop function conversions_refuse_change_of_used_program cascade"),
        migrations.RunSQL(
            PERIOD_IN_USE,
            """
            drop function conversions_refuse_change_of_used_contract_period cascade;
            drop function conversions_refuse_change_of_used_channel_period cascade;
            """,
        ),
        migrations.RunSQL(
            CHANNEL_IN_USE,
            """
            drop function conversions_refuse_change_of_used_channel cascade;
            drop function conversions_refuse_period_beside_used_channel cascade;
            """,
        ),
        migrations.RunSQL(PROMO_CODE_IN_USE, "drop function conversions_refuse_change_of_used_promo_code cascade"),
    ]
