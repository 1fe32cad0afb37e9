"""Whom a viewer may name: the partners, channels and event types of a program, read once for a request."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from django.utils.translation import gettext as _

from accredit.conversions.models import Conversion, CreditedTo
from accredit.programs.models import Channel, EventType, Partner
from accredit.programs.visibility import Viewpoint
from accredit.web import words


@dataclass(frozen=True, slots=True)
class Party:
    """A partner or a channel."""

    kind: CreditedTo
    code: str

    @classmethod
    def from_text(cls, text: str | None) -> "Party | None":
        """Of a decision's explanation (`p:CODE`, `c:CODE`) or its `without_winner` (`partner:CODE`, `channel:CODE`)."""
        if not text:
            return None
        kind, _colon, code = text.partition(":")
        return cls(CreditedTo.CHANNEL if kind in ("c", CreditedTo.CHANNEL) else CreditedTo.PARTNER, code)


class Names:
    """The words for everything that has a code in the program, as far as the viewer may know them."""

    def __init__(self, view: Viewpoint) -> None:
        self.view = view
        partners = Partner.objects.filter(program=view.program).order_by("name", "code")
        channels = Channel.objects.filter(program=view.program).order_by("name", "code")
        self.partners: dict[str, str] = dict(partners.values_list("code", "name"))
        self.channels: dict[str, str] = dict(channels.values_list("code", "name"))
        self.event_types = list(EventType.objects.filter(program=view.program).order_by("id"))

    def shows(self, party: Party | None) -> bool:
        """Whether the viewer may know who this is: a partner knows itself only."""
        return self.view.may_read(party.code if party and party.kind == CreditedTo.PARTNER else None)

    def of(self, party: Party | None) -> str:
        """The party's name, or what the viewer may read in its place."""
        if party is None:
            return str(words.NOBODY)
        is_partner = party.kind == CreditedTo.PARTNER
        if not self.shows(party):
            return _("another partner") if is_partner else _("a channel of the advertiser")
        return (self.partners if is_partner else self.channels).get(party.code, party.code)

    @cached_property
    def customer_statuses(self) -> Sequence[str]:
        """The two that every program knows, then the names that the event types map to."""
        named = (name for one in self.event_types for name, _words in one.customer_status or ())
        return list(dict.fromkeys([*words.CUSTOMER_STATUSES, *named]))

    def customer_status(self, event_type: str, status: str) -> str:
        """A customer status; of a word that its event type does not map, that it does not."""
        own = next((one.customer_status or () for one in self.event_types if one.code == event_type), ())
        if not status or status in words.CUSTOMER_STATUSES or status in dict(own):
            return words.word(words.CUSTOMER_STATUSES, status)
        return _("%(word)s (not mapped)") % {"word": status}

    def credited(self, conversion: Conversion) -> str:
        """Who is credited, as one cell of a list says it."""
        if conversion.credited_to == CreditedTo.CHANNEL:
            return _("%(name)s · channel") % {"name": self.channels.get(conversion.channel or "", conversion.channel)}
        if conversion.credited_to == CreditedTo.PARTNER:
            return self.partners.get(conversion.partner or "", conversion.partner or "")
        return str(words.NOBODY)
