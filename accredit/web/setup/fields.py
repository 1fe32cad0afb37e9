"""Forms of the set-up: a part of the program file's values as fields, and what was typed as values.

A form checks nothing. What was typed goes into the values as it is, the checks of the program file judge it, and what
they find at a path stands at the field of that path.
"""

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from accredit.files.program_file import Finding
from accredit.programs.changing import Setup, Values
from accredit.web import words
from accredit.web.sentences import translated

Text = str | Promise
Options = Sequence[tuple[str, Text]]
SPARE_ROWS = 2


class Kind(StrEnum):
    """What a field holds, and so how it is typed."""

    TEXT = "text"
    NUMBER = "number"
    INSTANT = "instant"
    CHOICE = "choice"
    TICK = "tick"  # on, or not there
    LINES = "lines"  # a list of texts, one a line
    TERMS = "terms"  # a version of terms: two keys
    WORDS = "words"  # a table of lists of texts, or none: the customer status mapping


@dataclass(frozen=True, slots=True)
class Field:
    """`name`: the key in the part, with dots between those of tables in it; `options`: what can be chosen; `none`: what
    the choice of nothing is called, where that can be chosen; `fixed`: cannot be changed once it is there."""

    name: str
    title: Text
    kind: Kind = Kind.TEXT
    hint: Text = ""
    options: Callable[[Setup], Options] | None = None
    none: Text | None = None
    fixed: bool = False
    required: bool = False
    placeholder: Callable[[Setup], str] | None = None

    @property
    def path(self) -> tuple[str, ...]:
        return tuple(self.name.split("."))


@dataclass(slots=True)
class Bound:
    """A field with what stands in it. `now`: what holds, where somebody else changed it meanwhile."""

    of: Field
    value: Any
    options: Options
    locked: bool
    placeholder: str
    errors: list[str] = field(default_factory=list)
    now: str | None = None

    @property
    def id(self) -> str:
        return f"field-{self.of.name.replace('.', '-')}"

    @property
    def described_by(self) -> str:
        parts = {"hint": self.of.hint, "errors": self.errors, "now": self.now is not None}
        return " ".join(f"{self.id}-{name}" for name, there in parts.items() if there)


@dataclass(frozen=True, slots=True)
class Row:
    """A customer status with its words, one a line, and whether it stands in the form for the first time."""

    number: int
    status: str
    words: str


class Form:
    """The fields of a part: as it is, or as somebody typed them."""

    def __init__(
        self,
        fields: Sequence[Field],
        setup: Setup,
        part: Values | None,
        typed: QueryDict | None = None,
        locked: Sequence[str] = (),
        start: Values | None = None,
    ) -> None:
        """`part`: None for a new one, which begins with `start`; `locked`: names of fields that cannot be changed."""
        self.setup, self.part, self.typed = setup, part, typed
        self.zone = ZoneInfo(setup.program.timezone)
        shown = part if part is not None else start or {}
        self.fields = [
            Bound(
                of=one,
                value=self._typed(one) if typed is not None else self._shown(one, shown),
                options=one.options(setup) if one.options else (),
                locked=part is not None and (one.fixed or one.name in locked),
                placeholder=one.placeholder(setup) if one.placeholder else "",
            )
            for one in fields
        ]
        self.errors: list[str] = []
        if typed is not None:
            for bound in self.fields:
                if bound.locked:
                    bound.value = self._shown(bound.of, shown)

    def values(self) -> Values:
        """The part with what was typed. What was not changed stays to the microsecond as it was."""
        values: Values = copy.deepcopy(self.part) if self.part is not None else {}
        for bound in self.fields:
            one = bound.of
            if self.part is not None and (bound.locked or bound.value == self._shown(one, self.part)):
                continue
            *around, last = one.path
            inner = values
            for step in around:
                inner = inner.setdefault(step, {})
            if one.kind is Kind.TERMS:
                inner.pop("version", None)
            inner.pop(last, None)
            inner.update(self._taken(bound, last))
        return values

    def note_use(self, findings: Sequence[Finding]) -> None:
        """Say over the form what names a part that was to be removed."""
        for finding in findings:
            if "kind" in finding.message.values:  # there is no such thing any more
                used = _("%(place)s names it: remove or change that first.")
                said = used % {"place": place(self.setup.values, finding.path)}
            else:
                said = translated(finding.message, {}, self.zone)
            self.errors.append(said)

    def note(self, findings: Sequence[Finding], path: tuple[str | int, ...]) -> None:
        """Put what the checks found of the part at `path` to its fields, and the rest over the form."""
        names = {bound.of.path[-1]: str(bound.of.title) for bound in self.fields}
        names["version"] = names.get("terms", "version")
        for finding in findings:
            own = finding.path[: len(path)] == path
            inside = tuple(step for step in finding.path[len(path) :] if isinstance(step, str)) if own else ()
            key = finding.message.values.get("key") if own else None
            bound = self._at(inside) or (self._at((*inside, key)) if isinstance(key, str) else None)
            said = translated(finding.message, names, self.zone)
            if bound is None:
                self.errors.append(said if own else f"{place(self.setup.values, finding.path)}: {said}")
            elif said not in bound.errors:
                bound.errors.append(said)

    def show_now(self) -> None:
        """Say beside each field what holds, where that is something else than what was typed."""
        for bound in self.fields:
            now = self._shown(bound.of, self.part or {})
            if now != bound.value and bound.of.kind is not Kind.WORDS:
                bound.now = dict(bound.options).get(now, now) if bound.options else now

    def _at(self, inside: tuple[str, ...]) -> Bound | None:
        keys = ("terms", *inside[1:]) if inside[:1] == ("version",) else inside
        found = [bound for bound in self.fields if bound.of.path == keys[: len(bound.of.path)]]
        return found[0] if found else None

    def _typed(self, one: Field) -> Any:
        assert self.typed is not None
        if one.kind is Kind.WORDS:
            return self._typed_rows(one)
        return self.typed.get(one.name, "").replace("\0", "").replace("\r\n", "\n").strip()

    def _typed_rows(self, one: Field) -> Sequence[Row] | None:
        assert self.typed is not None
        if not self.typed.get(one.name):
            return None
        rows = []
        for number in range(len([name for name in self.typed if name.startswith(f"{one.name}.status.")])):
            status = self.typed.get(f"{one.name}.status.{number}", "").strip()
            words = self.typed.get(f"{one.name}.words.{number}", "").replace("\r\n", "\n").strip("\n")
            if status or words.strip():
                rows.append(Row(number, status, words))
        return rows

    def _shown(self, one: Field, part: Mapping[str, Any]) -> Any:
        """A value as its field shows it."""
        value: Any = part
        for step in one.path:
            value = value.get(step) if isinstance(value, Mapping) else None
        match one.kind:
            case Kind.WORDS:
                return None if value is None else [Row(n, s, "\n".join(w)) for n, (s, w) in enumerate(value.items())]
            case Kind.TICK:
                return "on" if value else ""
            case _ if value is None:
                return ""
            case Kind.INSTANT:
                return value.astimezone(self.zone).replace(tzinfo=None).isoformat(timespec="minutes" if not (
                    value.second or value.microsecond) else "auto")  # fmt: skip
            case Kind.LINES:
                return "\n".join(value)
            case Kind.TERMS:
                return f"{part['version']} {value}"
            case _:
                return str(value)

    def _taken(self, bound: Bound, key: str) -> Values:
        """What was typed, as the program file would have it; what cannot be read stays text, for the checks to say."""
        text = bound.value
        if bound.of.kind is Kind.WORDS:
            statuses = [row.status for row in text or ()]
            if len(set(statuses)) < len(statuses):
                bound.errors.append(_("Every status has one row: put all of its words there."))
            return {} if text is None else {key: {row.status: _lines(row.words) for row in text}}
        if not text:
            return {}
        match bound.of.kind:
            case Kind.NUMBER:
                return {key: int(text) if text.isascii() and text.isdigit() and len(text) < 19 else text}
            case Kind.INSTANT:
                return {key: self._instant(bound, text)}
            case Kind.TICK:
                return {key: True}
            case Kind.LINES:
                return {key: _lines(text)}
            case Kind.TERMS:
                version, _blank, code = text.partition(" ")
                return {key: code, "version": int(version) if version.isdecimal() else version}
            case _:
                return {key: text}

    def _instant(self, bound: Bound, text: str) -> datetime | None:
        try:
            return datetime.fromisoformat(text).replace(tzinfo=self.zone).astimezone(UTC)
        except (ValueError, OverflowError):
            bound.errors.append(_("Write the time like 2026-01-31T12:00."))
            return datetime(1900, 1, 1, tzinfo=UTC)

    @property
    def wrong(self) -> bool:
        return bool(self.errors) or any(bound.errors for bound in self.fields)

    @property
    def rows(self) -> Sequence[Row]:
        """The rows of a field of kind WORDS, with those that are offered, and spare ones."""
        bound = next(bound for bound in self.fields if bound.of.kind is Kind.WORDS)
        there = list(bound.value or ())
        statuses = {row.status for row in there}
        offered = [name for name in ("New", "Existing", "Re-Engaged") if name not in statuses]
        rows = [(row.status, row.words) for row in there] + [(name, "") for name in offered if not there]
        rows += [("", "")] * SPARE_ROWS
        return [Row(number, *row) for number, row in enumerate(rows)]


def _lines(text: str) -> list[str]:
    return [line for line in text.split("\n") if line.strip()]


def place(values: Values, path: tuple[str | int, ...]) -> str:
    """Where in the program something is, as a page calls it: `Promo code ANVIL10`."""
    key = str(path[0]) if path else "program"
    called = words.word(words.TABLES, key)
    if len(path) < 2 or not isinstance(path[1], int):
        return called
    part = values[key][path[1]]
    return f"{called} {part.get('code') or part.get('partner')}"
