"""What the buttons of the editor do to what is in the form: add a row, remove it, move it."""

from collections.abc import Callable, Mapping

from accredit.web.terms.drafting import AmountDraft, ClauseDraft, Part, PayoutDraft, RuleDraft
from accredit.web.terms.sampling import ItemDraft

NEW: Mapping[str, Callable[[], Part]] = {
    "payout": PayoutDraft,
    "group": lambda: ClauseDraft("group", when=[RuleDraft()]),
    "adjustment": lambda: ClauseDraft("adjustment", when=[RuleDraft()]),
    "restriction": lambda: ClauseDraft("restriction", when=[RuleDraft("category")]),
    "when": RuleDraft,
    "amounts": AmountDraft,
    "item": ItemDraft,
}
STEPS = {"up": -1, "down": 1}


def change(root: Part, what: str) -> str:
    """Do what a button says: `add payout.0.group`, `remove payout.0.group.1`, `up …` or `down …`; nothing where there
    is no such place. Returns the path of the part that the reader looks at next; empty: none."""
    act, _space, path = what.partition(" ")
    around, _dot, last = path.rpartition(".")
    if act == "add":
        those = _list(root, around, last)
        if those is None:
            return ""
        added = NEW[last]()
        those.append(added)
        root.renumber()
        return added.path
    if act != "remove" and act not in STEPS:
        return ""
    owner, _dot, name = around.rpartition(".")
    those = _list(root, owner, name) or []
    place = next((place for place, one in enumerate(those) if one.path == path), None)
    if place is None:
        return ""
    moved = those.pop(place)
    if act in STEPS:
        those.insert(max(0, place + STEPS[act]), moved)
    root.renumber()
    if act in STEPS:
        return moved.path
    return those[min(place, len(those) - 1)].path if those else ""


def _list(root: Part, owner: str, name: str) -> list[Part] | None:
    """The list of a part, found by the path that the part has."""
    found = next((part for part in root.inside() if part.path == owner), None)
    return found.lists().get(name) if found else None
