"""Postings are checked against their entries and accounts a statement at a time: by foreign keys, which look for each
row, posting took twice as long. What they refer to is append-only, so that it cannot go away later."""

from django.db import migrations

FOREIGN_KEYS = """
alter table ledger_posting
    add constraint ledger_posting_entry foreign key (program_id, entry) references ledger_entry (program_id, number),
    add constraint ledger_posting_from foreign key (program_id, from_account, currency)
        references ledger_account (program_id, id, currency),
    add constraint ledger_posting_to foreign key (program_id, to_account, currency)
        references ledger_account (program_id, id, currency);
"""

REFERENCES = """
alter table ledger_posting drop constraint ledger_posting_entry, drop constraint ledger_posting_from,
    drop constraint ledger_posting_to;

create or replace function ledger_refuse_postings() returns trigger language plpgsql as $$
declare
    program uuid;
    closed_until timestamptz;
    refused record;
begin
    for program in select distinct program_id from added order by program_id loop
        perform ledger_lock(program);
        select max(ends_at) into closed_until from ledger_month where program_id = program;
        -- Scalar subqueries: each row is looked up by its key, whatever the planner thinks.
        select entry, rule into refused from (
            select min(added.entry) as entry, 'ledger_posting_from' as rule
            from added where added.program_id = program group by from_account, currency
            having (
                select true from ledger_account account
                where account.program_id = program and id = from_account and account.currency = added.currency
            ) is null
            union all
            select min(added.entry), 'ledger_posting_to'
            from added where added.program_id = program group by to_account, currency
            having (
                select true from ledger_account account
                where account.program_id = program and id = to_account and account.currency = added.currency
            ) is null
            union all
            select added.entry, coalesce((
                select case when entry.currency <> added.currency then 'ledger_posting_currency'
                            when entry.postings < added.position then 'ledger_entry_complete'
                            when entry.occurred_at < closed_until then 'ledger_month_closed'
                            else 'none' end
                from ledger_entry entry where entry.program_id = added.program_id and entry.number = added.entry
            ), 'ledger_posting_entry')
            from added where added.program_id = program
        ) judged where rule <> 'none' limit 1;
        if found then
            raise exception 'a posting to entry % is refused: %', refused.entry, refused.rule
                using errcode = 'integrity_constraint_violation', constraint = refused.rule;
        end if;
    end loop;
    return null;
end
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial")]
    operations = [migrations.RunSQL(REFERENCES, FOREIGN_KEYS)]
