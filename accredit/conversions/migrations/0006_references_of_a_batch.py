"""Changes are checked against the decisions that they name a statement at a time: by foreign keys, which look twice for
each row, keeping them took twice as long. Decisions are append-only, so that they cannot go away later."""

from django.db import migrations

FOREIGN_KEYS = """
drop function conversions_refuse_unknown_decision cascade;
alter table conversions_change
    add constraint change_decision_before foreign key (program_id, conversion_id, decision_before)
        references conversions_decision (program_id, conversion_id, number),
    add constraint change_decision foreign key (program_id, conversion_id, decision)
        references conversions_decision (program_id, conversion_id, number);
"""

REFERENCES = """
alter table conversions_change drop constraint change_decision_before, drop constraint change_decision;

create function conversions_refuse_unknown_decision() returns trigger language plpgsql as $$
declare
    refused record;
begin
    -- Scalar subqueries: each decision is looked up by its key, whatever the planner thinks.
    select conversion_id, number into refused from added
    where (
        select true from conversions_decision decided
        where decided.program_id = added.program_id and decided.conversion_id = added.conversion_id
            and decided.number = added.decision
    ) is null or (added.decision_before <> added.decision and (
        select true from conversions_decision decided
        where decided.program_id = added.program_id and decided.conversion_id = added.conversion_id
            and decided.number = added.decision_before
    ) is null) limit 1;
    if found then
        raise exception 'change % of % names a decision that there is not', refused.number, refused.conversion_id
            using errcode = 'integrity_constraint_violation', constraint = 'change_decision';
    end if;
    return null;
end
$$;
create trigger refuse_unknown_decision after insert on conversions_change referencing new table as added
    for each statement execute function conversions_refuse_unknown_decision();
"""


class Migration(migrations.Migration):
    dependencies = [("conversions", "0005_validation")]
    operations = [migrations.RunSQL(REFERENCES, FOREIGN_KEYS)]
