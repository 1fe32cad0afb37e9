"""The proof that the ledger is right: rules that the tables do not let anybody break, looked for all the same."""

from uuid import UUID

import polars as pl
from psycopg import sql

from accredit.database.copy import copy_out
from accredit.engine.frames import MINOR, TEXT, Schema
from accredit.ledger.frames import FINDINGS, AccountKind
from accredit.ledger.queries import SIDES, balances

EXPECTED: Schema = {"partner": TEXT, "currency": TEXT, "commission_minor": MINOR}

RULES = {
    "Entries are numbered without gaps": """
        select format('entries %s to %s are missing', earlier + 1, number - 1)
        from (select number, lag(number, 1, 0::bigint) over (order by number) as earlier
              from ledger_entry where program_id = {program_id}) numbered
        where number <> earlier + 1 order by number
    """,
    "An entry has all of its postings": """
        select format('entry %s says %s and has %s', number, postings, count(posting.entry))
        from ledger_entry entry left join ledger_posting posting
            on posting.program_id = entry.program_id and posting.entry = entry.number
        where entry.program_id = {program_id}
        group by entry.program_id, number having count(posting.entry) <> postings order by number
    """,
    "A posting is a positive amount of an entry, between two accounts of its currency": """
        select format('posting %s of entry %s %s', position, posting.entry, case
            when entry.number is null then 'has no such entry'
            when origin.id is null or target.id is null then 'has no such account'
            when amount_minor < 1 then format('is of %s minor units', amount_minor)
            else 'is in another currency than its entry or its accounts' end)
        from ledger_posting posting
        left join ledger_entry entry on entry.program_id = posting.program_id and entry.number = posting.entry
        left join ledger_account origin on origin.program_id = posting.program_id and origin.id = from_account
        left join ledger_account target on target.program_id = posting.program_id and target.id = to_account
        where posting.program_id = {program_id} and (
            entry.number is null or origin.id is null or target.id is null or amount_minor < 1
            or posting.currency <> entry.currency or posting.currency <> origin.currency
            or posting.currency <> target.currency
        ) order by posting.entry, position
    """,
    "Postings sum to zero in each currency": """
        select format('in %s they sum to %s minor units', account.currency, sum(side.amount_minor))
        from {sides} join ledger_account account
            on account.program_id = posting.program_id and account.id = side.account
        where posting.program_id = {program_id}
        group by account.currency having sum(side.amount_minor) <> 0 order by account.currency
    """,
    "A reversal takes back what its entry posted": """
        select format('entry %s does not take back entry %s', number, reverses)
        from ledger_entry entry cross join lateral (
            select array_agg((to_account, from_account, amount_minor) order by to_account, from_account, amount_minor)
            from ledger_posting where program_id = entry.program_id and entry = reverses
        ) was(postings) cross join lateral (
            select array_agg((from_account, to_account, amount_minor) order by from_account, to_account, amount_minor)
            from ledger_posting where program_id = entry.program_id and entry = number
        ) now(postings)
        where program_id = {program_id} and reverses is not null and was.postings is distinct from now.postings
        order by number
    """,
    "Months are closed one after the other": """
        select format('%s is not closed, but %s is', to_char(earlier + interval '1 month', 'YYYY-MM'),
            to_char(month, 'YYYY-MM'))
        from (select month, lag(month) over (order by month) as earlier
              from ledger_month where program_id = {program_id}) closed
        where month <> earlier + interval '1 month' order by month
    """,
    "A closing is the sum of what was posted until the end of its month": """
        with moved as (
            select closed.month, side.account, sum(side.amount_minor) as amount_minor
            from {sides} join ledger_entry entry
                on entry.program_id = posting.program_id and entry.number = posting.entry
            cross join lateral (
                select month from ledger_month
                where program_id = entry.program_id and ends_at > occurred_at order by month limit 1
            ) closed
            where posting.program_id = {program_id} group by closed.month, side.account
        ), summed as (
            select closed.month, account.id as account, account.kind, account.partner, account.currency,
                sum(coalesce(amount_minor, 0)) over (partition by account.id order by closed.month) as balance_minor
            from ledger_account account join ledger_month closed using (program_id)
            left join moved on moved.account = account.id and moved.month = closed.month
            where account.program_id = {program_id}
        )
        select format('%s, %s: %s minor units were closed, and %s are posted', to_char(summed.month, 'YYYY-MM'),
            concat_ws(' ', kind, partner, currency), coalesce(closing.balance_minor, 0), summed.balance_minor)
        from summed left join ledger_closing closing on closing.program_id = {program_id}
            and closing.month = summed.month and closing.account = summed.account
        where coalesce(closing.balance_minor, 0) <> summed.balance_minor
        order by summed.month, currency, kind, partner
    """,
}
"""What always holds → a query of sentences, one for each place where it does not."""


def check(program_id: UUID) -> pl.DataFrame:
    """Every place where the ledger of a program is wrong (FINDINGS); each rule is read at one instant."""
    return pl.concat([_found(rule, program_id) for rule in RULES])


def check_partners(program_id: UUID, expected: pl.DataFrame) -> pl.DataFrame:
    """Every partner whose earned and unpaid balance is not what it should be (FINDINGS). `expected`: EXPECTED, at most
    one row a partner and currency; a partner that is not there should have nothing. Call it in a transaction that
    holds the program's lock from before the sums were read."""
    earned = balances(program_id).filter(pl.col("kind") == AccountKind.PARTNER_EARNED.value)
    both = expected.select(*EXPECTED).join(earned, on=["partner", "currency"], how="full", coalesce=True)
    wrong = both.with_columns(pl.col("commission_minor", "balance_minor").fill_null(0)).filter(
        pl.col("commission_minor") != pl.col("balance_minor")
    )
    sentence = "{}, {}: {} minor units are approved and unpaid, and the ledger has {}"
    finding = pl.format(sentence, "partner", "currency", "commission_minor", "balance_minor")
    rule = pl.lit("A partner's balance is the sum of its approved, unpaid commissions")
    return wrong.sort("partner", "currency").select(rule.alias("rule"), finding.alias("finding"))


def _found(rule: str, program_id: UUID) -> pl.DataFrame:
    query = sql.SQL(RULES[rule]).format(program_id=sql.Literal(program_id), sides=SIDES)
    return copy_out(query, {"finding": TEXT}).select(pl.lit(rule).alias("rule"), "finding").cast(dict(FINDINGS))  # type: ignore[arg-type]
