"""What people are told by e-mail about requests: everything since the last e-mail in one, and nothing of their own
doing.

That an e-mail goes out is noted before it does. So nobody is told twice, whatever dies; what a server did not take is
told again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.translation import get_language, ngettext, override
from django.utils.translation import gettext as _

from accredit.access.mailing import deliver
from accredit.access.models import User
from accredit.access.permissions import Permission
from accredit.conversion_requests.discussing import Side
from accredit.conversion_requests.models import PREFIX, Comment, Request, Stage, StageChange, Told
from accredit.database.keys import key_to_text
from accredit.programs.models import Program, RejectionReason, Topic
from accredit.programs.silence import silent, speak_again
from accredit.programs.visibility import Viewpoint, viewpoint

AT_MOST_EVERY = timedelta(minutes=15)
SETTLED = timedelta(minutes=1)
"""What is younger may be in a transaction that nobody sees yet: it is told the next time."""
AT_FIRST = timedelta(days=1)
"""How much of the past somebody reads in their first e-mail."""
NAMED = 5
"""Requests of a stage, and comments, that are named one by one."""
QUOTED = 300
STAGES = {
    Side.ADVERTISER: (Stage.INQUIRED, Stage.WITHDRAWN, Stage.FAILED),
    Side.PARTNER: (Stage.REJECTED, Stage.PROCESSED, Stage.FAILED),
}
"""What each side is told of."""


@dataclass(frozen=True, slots=True)
class News:
    """What happened in a program that one user is told. `stages`: how many requests came to each, and the numbers of
    the latest; `rejected`: the latest of those, to partners; `waiting`: how many have to be answered by the user's
    side."""

    program: Program
    stages: Sequence[tuple[Stage, int, Sequence[int]]]
    rejected: Sequence[tuple[StageChange, Request]]
    comments: Sequence[tuple[Comment, Request]]
    more_comments: int
    waiting: int


def tell_again(user: User, program: Program, *, now: datetime) -> None:
    """Send this user e-mails about the requests of a program again, of what happens from now on."""
    with transaction.atomic():
        if speak_again(user, program, Topic.REQUESTS):
            Told.objects.update_or_create(user=user, program=program, defaults={"through": now})


def tell_by_the_clock(now: datetime) -> int:
    """Tell everybody what they were not told yet; how many e-mails there were. It can run as often as one likes."""
    requests = Request.objects.filter(program=OuterRef("pk"))
    programs = Program.objects.filter(Exists(requests)).order_by("code")
    return sum(_tell_of(program, now) for program in programs)


def _tell_of(program: Program, now: datetime) -> int:
    until = now - SETTLED
    latest = max(
        filter(
            None,
            [
                StageChange.objects.filter(program=program, changed_at__lte=until)
                .order_by("-changed_at")
                .values_list("changed_at", flat=True)
                .first(),
                Comment.objects.filter(program=program, written_at__lte=until)
                .order_by("-written_at")
                .values_list("written_at", flat=True)
                .first(),
            ],
        ),
        default=None,
    )
    if latest is None:
        return 0
    told = dict(Told.objects.filter(program=program).values_list("user_id", "through"))
    sent = 0
    for user in _people_of(program):
        since = told.get(user.id)
        if since is None:
            since = now - AT_FIRST
            Told.objects.bulk_create([Told(user=user, program=program, through=since)], ignore_conflicts=True)
        if since < latest and now - since >= AT_MOST_EVERY:
            sent += _tell(viewpoint(user, program.code), user, since, until)
    return sent


def _people_of(program: Program) -> Sequence[User]:
    """Those of either side who do something about requests and want to be told."""
    owners = Q(organizations__in=[program.advertiser_id, program.agency_id])
    partners = Q(organizations__partnerships__program=program)
    wanting = ~silent(program, Topic.REQUESTS)
    users = User.objects.filter(owners | partners, wanting, is_active=True).distinct().order_by("email")
    acts = {Permission.DECIDE_REQUESTS, Permission.RAISE_REQUESTS}
    return [user for user in users if acts & viewpoint(user, program.code).permissions]


def _tell(view: Viewpoint, user: User, since: datetime, until: datetime) -> bool:
    """Whether an e-mail went out."""
    news = news_of(view, user, since, until)
    if not news.stages and not news.comments:
        return False
    told = Told.objects.filter(user=user, program=view.program)
    if not told.filter(through=since).update(through=until):
        return False  # somebody else did it meanwhile
    with override(user.language):
        sent = deliver(to=user.email, subject=_subject(news), text=_text(news))
    if not sent:
        told.filter(through=until).update(through=since)
    return sent


def news_of(view: Viewpoint, user: User, since: datetime, until: datetime) -> News:
    """What happened after `since` up to `until` that is none of the user's own doing."""
    side, program = Side.of(view), view.program
    partners = None if view.partners is None else sorted(view.partners)
    query = """
        select change.stage, count(*), (array_agg(request.number order by change.changed_at desc, request.number))[1:%s]
        from conversion_requests_stagechange change join conversion_requests_request request
            on request.program_id = change.program_id and request.id = change.request_id
        where change.program_id = %s and change.changed_at > %s and change.changed_at <= %s
            and change.user_id is distinct from %s and change.stage = any(%s)
            and (%s::text[] is null or request.partner = any(%s))
        group by change.stage
    """
    stages = [stage.value for stage in STAGES[side]]
    with connection.cursor() as cursor:
        cursor.execute(query, [NAMED, program.id, since, until, user.id, stages, partners, partners])
        found = {stage: (count, numbers) for stage, count, numbers in cursor.fetchall()}
    mine = Request.objects.filter(program=program, **({} if partners is None else {"partner__in": partners}))
    comments = Comment.objects.filter(
        program=program,
        written_at__gt=since,
        written_at__lte=until,
        side=side.other.value,
        request_id__in=mine.values("id"),
    )
    latest = list(comments.order_by("-written_at")[:NAMED])
    named = mine.filter(number__in=found.get(Stage.REJECTED, (0, ()))[1])
    changes = StageChange.objects.filter(program=program, stage=Stage.REJECTED, request_id__in=named.values("id"))
    rejected = list(changes.order_by("changed_at"))
    about = {*(one.request_id for one in latest), *(one.request_id for one in rejected)}
    of = {one.id: one for one in mine.filter(id__in=about)}
    return News(
        program=program,
        stages=[(stage, *found[stage.value]) for stage in STAGES[side] if stage.value in found],
        rejected=[(one, of[one.request_id]) for one in rejected],
        comments=[(one, of[one.request_id]) for one in latest],
        more_comments=comments.count() - len(latest),
        waiting=mine.filter(answer_from=side.value).count(),
    )


def _subject(news: News) -> str:
    said = [_of_stage(stage, count) for stage, count, _numbers in news.stages]
    comments = len(news.comments) + news.more_comments
    if comments:
        said.append(ngettext("%(n)s comment", "%(n)s comments", comments) % {"n": _number(comments)})
    return f"{news.program.name}: {', '.join(said)}"


def _of_stage(stage: Stage, count: int) -> str:
    match stage:
        case Stage.INQUIRED:
            text = ngettext("%(n)s conversion request raised", "%(n)s conversion requests raised", count)
        case Stage.WITHDRAWN:
            text = ngettext("%(n)s conversion request withdrawn", "%(n)s conversion requests withdrawn", count)
        case Stage.REJECTED:
            text = ngettext("%(n)s conversion request rejected", "%(n)s conversion requests rejected", count)
        case Stage.PROCESSED:
            text = ngettext("%(n)s conversion request processed", "%(n)s conversion requests processed", count)
        case _:
            text = ngettext("%(n)s conversion request failed", "%(n)s conversion requests failed", count)
    return text % {"n": _number(count)}


def _text(news: News) -> str:
    lines = []
    for stage, count, numbers in news.stages:
        named = ", ".join(str(number) for number in numbers) + (" …" if count > len(numbers) else "")
        facts = {"what": _of_stage(stage, count), "numbers": named}
        lines.append("- " + _("%(what)s: number %(numbers)s") % facts)
    lines += _of_rejections(news)
    for comment, request in news.comments:
        said = {"number": request.number, "order": request.order_token, "text": _quoted(comment.text)}
        lines += ["", _("Comment on request %(number)s, order %(order)s: “%(text)s”") % said]
        lines.append(_address("web:request", news.program, key_to_text(PREFIX, request.id)))
    if news.more_comments:
        text = ngettext("and %(n)s further comment", "and %(n)s further comments", news.more_comments)
        lines += ["", text % {"n": _number(news.more_comments)}]
    if news.waiting:
        text = ngettext(
            "%(n)s request waits for an answer of yours.", "%(n)s requests wait for an answer of yours.", news.waiting
        )
        lines += ["", text % {"n": _number(news.waiting)}]
    return "\n".join(
        [
            _("What happened to conversion requests of %(program)s:") % {"program": news.program.name},
            "",
            *lines,
            "",
            _("All requests:"),
            _address("web:requests", news.program),
            "",
            _("If you want no such e-mails, switch them off here:"),
            _address("web:request-mails", news.program),
        ]
    )


def _of_rejections(news: News) -> Sequence[str]:
    """Why requests were rejected, and what was said about it."""
    title = "title_de" if get_language() == "de" else "title_en"
    titles = dict(RejectionReason.objects.filter(program=news.program).values_list("code", title))
    lines = []
    for change, request in news.rejected:
        said = {
            "number": request.number,
            "order": request.order_token,
            "reason": titles.get(change.reason, change.reason),
            "text": _quoted(change.comment or ""),
        }
        text = _("Request %(number)s, order %(order)s, was rejected: %(reason)s.")
        if change.comment:
            text = _("Request %(number)s, order %(order)s, was rejected: %(reason)s. “%(text)s”")
        lines += ["", text % said, _address("web:request", news.program, key_to_text(PREFIX, request.id))]
    return lines


def _quoted(text: str) -> str:
    """In one line, as far as an e-mail has it."""
    line = " ".join(text.split())
    return line if len(line) <= QUOTED else line[:QUOTED] + "…"


def _address(name: str, program: Program, *more: str) -> str:
    return f"{settings.PUBLIC_URL or ''}{reverse(name, args=[program.code, *more])}"


def _number(value: int) -> str:
    return number_format(value, use_l10n=True, force_grouping=True)
