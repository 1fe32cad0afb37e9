"""How people look at a list: which columns, in which order and how wide; the views that they keep under a name, for
themselves or shared with their organization; and what the list opens with."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils.translation import gettext as _

from accredit.access.models import Organization, User
from accredit.access.permissions import Permission, granted
from accredit.lists.listing import Chosen, columns_text
from accredit.lists.models import ListHabit, ListView
from accredit.programs.models import Program


class ViewError(ValueError):
    """A view cannot be kept as it was asked for. The message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Kept:
    """The views that a user has of a list in a program. `organizations`: with whom the user may share."""

    own: Sequence[ListView]
    shared: Sequence[ListView]
    habit: ListHabit | None
    organizations: Sequence[Organization]

    @property
    def views(self) -> Sequence[ListView]:
        return [*self.own, *self.shared]

    def may_change(self, view: ListView) -> bool:
        """One's own, and those of organizations that one may share with."""
        return view in self.own or view.organization_id in {one.pk for one in self.organizations}


def kept_by(user: User, program: Program, name: str) -> Kept:
    """What a user kept of a list, and what is shared with them, by name."""
    shared = Q(organization__memberships__user=user)
    found = ListView.objects.filter(Q(user=user) | shared, program=program, list=name).select_related("organization")
    views = list(found.order_by("name", "id").distinct())
    habit = _habit(user, program, name)
    if habit and habit.view not in views:
        habit.view = None
    return Kept(
        [one for one in views if one.user_id],
        [one for one in views if one.organization_id],
        habit,
        _sharing(user, program),
    )


def habit_of(user: User, program: Program, name: str) -> ListHabit | None:
    """How a user is used to a list; a view that is no longer theirs to see is none."""
    habit = _habit(user, program, name)
    return kept_by(user, program, name).habit if habit and habit.view else habit


def _habit(user: User, program: Program, name: str) -> ListHabit | None:
    return ListHabit.objects.filter(user=user, program=program, list=name).select_related("view").first()


def _sharing(user: User, program: Program) -> Sequence[Organization]:
    """The user's organizations with a part in the program in which the user's role lets them share."""
    part = Q(advertised_programs=program) | Q(operated_programs=program) | Q(partnerships__program=program)
    found = Organization.objects.filter(part, memberships__user=user).annotate(role=F("memberships__role")).distinct()
    return [one for one in found.order_by("name") if Permission.SHARE_VIEWS in granted([(one.kind, one.role)])]


def keep_columns(*, user: User, program: Program, name: str, chosen: Sequence[Chosen]) -> None:
    """From now on this list of the program has these columns for the user; none: those that everybody has."""
    ListHabit.objects.update_or_create(
        user=user, program=program, list=name, defaults={"columns": columns_text(chosen)}
    )


def open_with(*, user: User, program: Program, name: str, view: ListView | None) -> None:
    """From now on the list opens with this view for the user; None: with everything."""
    ListHabit.objects.update_or_create(user=user, program=program, list=name, defaults={"view": view})


def keep_view(
    *, user: User, program: Program, list_name: str, name: str, query: str, organization: Organization | None = None
) -> ListView:
    """A new view: the user's own, or shared with an organization. Raises ViewError."""
    owner = {"organization": organization} if organization else {"user": user}
    view = ListView(program=program, list=list_name, name=_name(name), query=query, **owner)
    _save(view)
    return view


def rename_view(view: ListView, name: str) -> None:
    """The same view under another name. Raises ViewError."""
    view.name = _name(name)
    _save(view)


def replace_view(view: ListView, query: str) -> None:
    """The same name for what is looked at now."""
    view.query = query
    _save(view)


def delete_view(view: ListView) -> None:
    """The view is gone, for everybody whom it was shared with; lists that opened with it open with everything."""
    view.delete()


def _name(text: str) -> str:
    name = " ".join(text.split())
    limit = ListView._meta.get_field("name").max_length or 0
    if not name or len(name) > limit or "\0" in name:
        raise ViewError(_("A view needs a name of at most %(n)s characters.") % {"n": limit})
    return name


def _save(view: ListView) -> None:
    try:
        with transaction.atomic():
            view.save()
    except IntegrityError as error:
        raise ViewError(
            _("There is a view “%(name)s” already. Choose another name, or open that view and replace it.")
            % {"name": view.name}
        ) from error
