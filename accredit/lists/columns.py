"""What a column of a list is. What a viewer may not see has no column for them: neither to read nor to filter by."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.db.models import Q
from django.utils.functional import Promise

from accredit.programs.visibility import Viewpoint

Title = str | Promise


class Kind(StrEnum):
    """What a column holds, and so how it is filtered: by values, by parts of a text, or by a range."""

    TEXT = "text"
    CHOICE = "choice"
    FLAG = "flag"
    KEY = "key"
    MONEY = "money"
    NUMBER = "number"
    INSTANT = "instant"


@dataclass(frozen=True, slots=True)
class Column:
    """`name`: in addresses, kept views and files. `fields`: those of the row that it shows; the first is the one that
    is filtered. `sort`: the fields that it sorts by; none: it does not. `indexed`: an index serves that order, so that
    it is as fast in a large program. `codes`: the choices, where they are the same in every program. `prefix`: of keys,
    as the outside knows them. `matches`: the rows of one value, where that is more than the field being it. `also`:
    fields that its words come from besides its own. `said`: a text that is not shown as it is."""

    name: str
    title: Title
    kind: Kind
    fields: tuple[str, ...]
    sort: tuple[str, ...] = ()
    indexed: bool = False
    can_be_empty: bool = False
    codes: tuple[str, ...] = ()
    for_owners: bool = False
    prefix: str = ""
    matches: Callable[[str], Q] | None = None
    also: tuple[str, ...] = ()
    said: bool = False

    @property
    def field(self) -> str:
        return self.fields[0]

    @property
    def is_words(self) -> bool:
        """Whether its cells are words that are put together, not values as they are."""
        return self.said or self.kind in (Kind.CHOICE, Kind.FLAG)

    def shown_to(self, view: Viewpoint) -> bool:
        """Owners are advertiser and agency."""
        return view.sees_everything or not self.for_owners


def text(
    name: str,
    title: Title,
    field: str = "",
    *,
    can_be_empty: bool = True,
    for_owners: bool = False,
    also: tuple[str, ...] = (),
    said: bool = False,
) -> Column:
    """A column of texts, which sorts by them."""
    fields = (field or name,)
    return Column(
        name, title, Kind.TEXT, fields, fields, can_be_empty=can_be_empty, for_owners=for_owners, also=also, said=said
    )


def choice(
    name: str,
    title: Title,
    *fields: str,
    can_be_empty: bool = False,
    codes: Sequence[str] = (),
    for_owners: bool = False,
    matches: Callable[[str], Q] | None = None,
    also: tuple[str, ...] = (),
) -> Column:
    """A column that has one of a few values."""
    return Column(
        name,
        title,
        Kind.CHOICE,
        fields,
        fields,
        can_be_empty=can_be_empty,
        codes=tuple(codes),
        for_owners=for_owners,
        matches=matches,
        also=also,
    )


def money(name: str, title: Title, field: str = "", *, indexed: bool = False, for_owners: bool = False) -> Column:
    """Amounts of different currencies are never compared: they sort by currency first."""
    minor = field or f"{name}_minor"
    fields, sort = (minor, "currency"), ("currency", minor)
    return Column(name, title, Kind.MONEY, fields, sort, indexed=indexed, for_owners=for_owners)


def key(
    name: str, title: Title, prefix: str, field: str = "id", *, can_be_empty: bool = False, for_owners: bool = False
) -> Column:
    """A column of keys. Those of the rows themselves begin with the time of making: they sort by it."""
    own = field == "id"
    return Column(
        name,
        title,
        Kind.KEY,
        (field,),
        (field,) if own else (),
        indexed=own,
        can_be_empty=can_be_empty,
        for_owners=for_owners,
        prefix=prefix,
    )
