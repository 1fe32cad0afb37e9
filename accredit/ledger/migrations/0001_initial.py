"""Accounts, journal entries, postings and monthly closings: plain SQL, since they go in and out as frames.

Everything that two sessions could do to each other is settled by one lock a program, which the triggers hold too: rows
that come in without the operations of this app are held to the same rules.
"""

from django.db import migrations

from accredit.database.roles import AppendOnly

TABLES = """
create table ledger_account (
    program_id uuid not null,
    id uuid not null,
    kind text collate "C" not null,
    partner text collate "C",
    currency text collate "C" not null,
    primary key (program_id, id),
    constraint ledger_account_once unique nulls not distinct (program_id, kind, partner, currency),
    constraint ledger_account_in_currency unique (program_id, id, currency),
    constraint ledger_account_kind check (
        case when kind = 'advertiser_owes' then partner is null
             when kind in ('partner_earned', 'partner_paid') then partner is not null
             else false end
    ),
    constraint ledger_account_currency check (currency ~ '^[A-Z]{3}$')
);
comment on table ledger_account is 'Made when something is posted to it; partners are named by their codes';

create table ledger_entry (
    program_id uuid not null,
    number bigint not null,
    key text collate "C" not null,
    occurred_at timestamptz not null,
    posted_at timestamptz not null,
    kind text collate "C" not null,
    cause text collate "C" not null,
    currency text collate "C" not null,
    postings integer not null,
    reverses bigint,
    primary key (program_id, number),
    constraint ledger_entry_key unique (program_id, key),
    constraint ledger_entry_number check (number > 0 and postings > 0),
    constraint ledger_entry_kind check (kind in ('approval', 'correction', 'reversal', 'payout')),
    constraint ledger_entry_reversal check ((kind = 'reversal') = (reverses is not null)),
    constraint ledger_entry_reverses foreign key (program_id, reverses) references ledger_entry (program_id, number),
    constraint ledger_entry_not_before_it_occurred check (occurred_at <= posted_at)
);
create index ledger_entry_by_time on ledger_entry (program_id, occurred_at);
create unique index ledger_entry_reversed_once on ledger_entry (program_id, reverses) where reverses is not null;
comment on table ledger_entry is
    'Journal entries: numbered from 1 without gaps in each program; postings is how many postings each has for good';

create table ledger_posting (
    program_id uuid not null,
    entry bigint not null,
    position integer not null,
    from_account uuid not null,
    to_account uuid not null,
    currency text collate "C" not null,
    amount_minor bigint not null,
    primary key (program_id, entry, position),
    constraint ledger_posting_position check (position > 0),
    constraint ledger_posting_amount check (amount_minor between 1 and 999999999999999),
    constraint ledger_posting_between_two check (from_account <> to_account),
    constraint ledger_posting_entry foreign key (program_id, entry) references ledger_entry (program_id, number),
    constraint ledger_posting_from foreign key (program_id, from_account, currency)
        references ledger_account (program_id, id, currency),
    constraint ledger_posting_to foreign key (program_id, to_account, currency)
        references ledger_account (program_id, id, currency)
);
create index ledger_posting_by_from on ledger_posting (program_id, from_account, entry);
create index ledger_posting_by_to on ledger_posting (program_id, to_account, entry);
comment on table ledger_posting is 'An amount that went from an account to an account of the same currency';

create table ledger_month (
    program_id uuid not null,
    month date not null,
    ends_at timestamptz not null generated always as ((month + interval '1 month') at time zone 'UTC') stored,
    closed_at timestamptz not null,
    primary key (program_id, month),
    constraint ledger_month_first_day check (extract(day from month) = 1),
    constraint ledger_month_over check (closed_at >= (month + interval '1 month') at time zone 'UTC')
);
comment on table ledger_month is 'Months (UTC) that are closed: nothing is posted into them or before them any more';

create table ledger_closing (
    program_id uuid not null,
    month date not null,
    account uuid not null,
    balance_minor bigint not null,
    primary key (program_id, month, account),
    constraint ledger_closing_month foreign key (program_id, month) references ledger_month (program_id, month),
    constraint ledger_closing_account foreign key (program_id, account) references ledger_account (program_id, id)
);
comment on table ledger_closing is 'What each account stood at when the month ended';
"""

REFUSALS = """
create function ledger_lock(program_id uuid) returns void language sql as $$
    select pg_advisory_xact_lock(hashtextextended('ledger ' || program_id, 0))
$$;
comment on function ledger_lock is 'Holds the ledger of a program until the end of the transaction';

create function ledger_refuse_entries() returns trigger language plpgsql as $$
declare
    program uuid;
    refused record;
begin
    for program in select distinct program_id from added order by program_id loop
        -- A month that is being closed would miss what another session is posting into it.
        perform ledger_lock(program);
        select number, occurred_at into refused from added
            where program_id = program
                and occurred_at < (select max(ends_at) from ledger_month where program_id = program)
            limit 1;
        if found then
            raise exception 'entry % of % lies in a month that is closed', refused.number, refused.occurred_at
                using errcode = 'integrity_constraint_violation', constraint = 'ledger_month_closed';
        end if;
    end loop;
    return null;
end
$$;
create trigger refuse_entries after insert on ledger_entry referencing new table as added
    for each statement execute function ledger_refuse_entries();

create function ledger_refuse_postings() returns trigger language plpgsql as $$
declare
    program uuid;
    closed_until timestamptz;
    refused record;
begin
    for program in select distinct program_id from added order by program_id loop
        perform ledger_lock(program);
        select max(ends_at) into closed_until from ledger_month where program_id = program;
        -- A scalar subquery: each entry is looked up by its key, whatever the planner thinks.
        select entry, rule into refused from (
            select added.entry, (
                select case when entry.currency <> added.currency then 'ledger_posting_currency'
                            when entry.postings < added.position then 'ledger_entry_complete'
                            when entry.occurred_at < closed_until then 'ledger_month_closed' end
                from ledger_entry entry where entry.program_id = added.program_id and entry.number = added.entry
            ) as rule
            from added where added.program_id = program
        ) judged where rule is not null limit 1;
        if found then
            raise exception 'a posting to entry % is refused: %', refused.entry, refused.rule
                using errcode = 'integrity_constraint_violation', constraint = refused.rule;
        end if;
    end loop;
    return null;
end
$$;
create trigger refuse_postings after insert on ledger_posting referencing new table as added
    for each statement execute function ledger_refuse_postings();

create function ledger_refuse_month() returns trigger language plpgsql as $$
declare
    last_month date;
begin
    perform ledger_lock(new.program_id);
    select max(month) into last_month from ledger_month where program_id = new.program_id;
    if new.month <> last_month + interval '1 month' or last_month is null and exists (
        select from ledger_entry
        where program_id = new.program_id and occurred_at < new.month::timestamp at time zone 'UTC'
    ) then
        raise exception 'months are closed one after the other, and % is not the next one', new.month
            using errcode = 'integrity_constraint_violation', constraint = 'ledger_month_in_turn';
    end if;
    return new;
end
$$;
create trigger refuse_month before insert on ledger_month for each row execute function ledger_refuse_month();

create function ledger_refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '% is append-only: rows are added and never changed', tg_table_name
        using errcode = 'integrity_constraint_violation', constraint = 'append_only';
end
$$;
"""
NAMES = ("ledger_account", "ledger_entry", "ledger_posting", "ledger_month", "ledger_closing")


class Migration(migrations.Migration):
    initial = True
    dependencies = [("database", "0001_application_role")]
    operations = [
        migrations.RunSQL(TABLES, f"drop table {', '.join(NAMES)}"),
        migrations.RunSQL(
            REFUSALS
            + "".join(
                f"create trigger append_only before update or delete on {table}"
                " for each row execute function ledger_refuse_change();"
                for table in NAMES
            ),
            "drop function ledger_refuse_entries, ledger_refuse_postings, ledger_refuse_month, ledger_refuse_change,"
            " ledger_lock cascade",
        ),
        *(AppendOnly(table) for table in NAMES),
    ]
