"""The shop's words that came in of late and are not mapped, offered where the mapping is edited (report 6)."""

from collections.abc import Sequence
from datetime import UTC, datetime

from accredit.conversions.intake import words_of
from accredit.programs.visibility import Viewpoint


def unmapped(view: Viewpoint, event_type: str) -> Sequence[str]:
    """Words of this event type that mean no status, the most frequent first."""
    found = [one for one in words_of(view.program, now=datetime.now(UTC)) if one.event_type == event_type]
    return [one.word for one in sorted(found, key=lambda one: -one.orders) if one.word and not one.status]
