"""What requests and their stages refer to is looked up a statement at a time: foreign keys, which look for each row,
took a fifth of raising. It cannot go away later. And the index of orders is the one that has a request open once."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from accredit.database.roles import NeverEmptied

FOREIGN_KEYS = """
drop function conversion_requests_refuse_unknown cascade;
drop function conversion_requests_refuse_stages cascade;
alter table conversion_requests_request
    add constraint request_event_type foreign key (program_id, event_type)
        references programs_eventtype (program_id, code),
    add constraint request_partner foreign key (program_id, partner) references programs_partner (program_id, code);
alter table conversion_requests_stagechange
    add constraint stage_change_request foreign key (program_id, request_id)
        references conversion_requests_request (program_id, id);
"""

REFERENCES = """
alter table conversion_requests_request drop constraint request_event_type, drop constraint request_partner;
alter table conversion_requests_stagechange drop constraint stage_change_request;

create function conversion_requests_refuse_unknown() returns trigger language plpgsql as $$
declare
    refused text;
begin
    -- Each that is named is looked up by its key, and held, so that it is there when this is committed.
    select rule into refused from (
        select 'request_partner' as rule from (select distinct program_id, partner from added) named
        where (
            select true from programs_partner known
            where known.program_id = named.program_id and known.code = named.partner for key share
        ) is null
        union all
        select 'request_event_type' from (select distinct program_id, event_type from added) named
        where (
            select true from programs_eventtype known
            where known.program_id = named.program_id and known.code = named.event_type for key share
        ) is null
        union all
        select 'request_raised_by' from (select distinct raised_by_id from added) named
        where (select true from access_user known where known.id = named.raised_by_id for key share) is null
    ) judged limit 1;
    if found then
        raise exception 'a request is refused: %', refused
            using errcode = 'foreign_key_violation', constraint = refused;
    end if;
    return null;
end
$$;
create trigger refuse_unknown after insert on conversion_requests_request referencing new table as added
    for each statement execute function conversion_requests_refuse_unknown();

create function conversion_requests_refuse_stages() returns trigger language plpgsql as $$
declare
    refused text;
begin
    select rule into refused from (
        select 'stage_change_user' as rule
        from (select distinct user_id from added where user_id is not null) named
        where (select true from access_user known where known.id = named.user_id for key share) is null
        union all
        select 'stage_change_request' from added
        where (
            select true from conversion_requests_request request
            where request.program_id = added.program_id and request.id = added.request_id
        ) is null
    ) judged limit 1;
    if found then
        raise exception 'a stage of a request is refused: %', refused
            using errcode = 'foreign_key_violation', constraint = refused;
    end if;
    return null;
end
$$;
create trigger refuse_unknown after insert on conversion_requests_stagechange referencing new table as added
    for each statement execute function conversion_requests_refuse_stages();
"""

KEPT = """
create function conversion_requests_refuse_removal() returns trigger language plpgsql as $$
declare
    refused text;
begin
    if tg_table_name = 'conversion_requests_request' then
        raise exception 'the request % stays, and so does what it names', old.number
            using errcode = 'integrity_constraint_violation', constraint = 'request_kept';
    elsif tg_table_name = 'programs_partner' then
        select 'request_partner' into refused from conversion_requests_request
        where program_id = old.program_id and partner = old.code limit 1;
    elsif tg_table_name = 'programs_eventtype' then
        select 'request_event_type' into refused from conversion_requests_request
        where program_id = old.program_id and event_type = old.code limit 1;
    else
        select 'stage_change_user' into refused from conversion_requests_stagechange where user_id = old.id limit 1;
    end if;
    if found then
        raise exception 'conversion requests name it: %', refused
            using errcode = 'foreign_key_violation', constraint = refused;
    end if;
    return null;
end
$$;
create trigger request_kept after delete or update of program_id, id, partner, event_type, raised_by_id
    on conversion_requests_request for each row execute function conversion_requests_refuse_removal();
create trigger named_by_requests after delete on programs_partner
    for each row execute function conversion_requests_refuse_removal();
create trigger renamed_under_requests after update on programs_partner for each row
    when ((old.program_id, old.code) <> (new.program_id, new.code))
    execute function conversion_requests_refuse_removal();
create trigger named_by_requests after delete on programs_eventtype
    for each row execute function conversion_requests_refuse_removal();
create trigger renamed_under_requests after update on programs_eventtype for each row
    when ((old.program_id, old.code) <> (new.program_id, new.code))
    execute function conversion_requests_refuse_removal();
create trigger named_by_requests after delete on access_user
    for each row execute function conversion_requests_refuse_removal();
"""

NOT_KEPT = "drop function conversion_requests_refuse_removal cascade"


class Migration(migrations.Migration):
    dependencies = [
        ("conversion_requests", "0005_never_emptied"),
        ("tracking", "0001_initial"),
        ("programs", "0005_approving_by_itself"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunSQL(REFERENCES, FOREIGN_KEYS),
        migrations.RunSQL(KEPT, NOT_KEPT),
        NeverEmptied("conversion_requests_request"),
        migrations.AlterField(
            "request",
            "raised_by",
            models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AlterField(
            "stagechange",
            "user",
            models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.RemoveIndex("request", "request_of_order"),
        migrations.RemoveConstraint("request", "request_open_once"),
        migrations.AddConstraint(
            "request",
            models.UniqueConstraint(
                "program",
                "order_token",
                "event_type",
                "partner",
                models.Case(models.When(stage__in=("inquired", "accepted", "failed"), then=True)),
                name="request_open_once",
            ),
        ),
    ]
