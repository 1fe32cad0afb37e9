"""What is in a form as a version of terms: the program file's checks decide; what they refuse stands at its field."""

from collections.abc import Sequence

from accredit.engine.program import Payout, PayoutGroup, Program, Terms
from accredit.files.errors import Sentence
from accredit.files.program_file.section import Finding, Section
from accredit.files.program_file.terms import read_terms
from accredit.web.terms.drafting import TermsDraft, note


def judged(draft: TermsDraft, program: Program) -> Terms | None:
    """The terms that the form says; None where something is wrong, which then stands in the `errors` of the parts."""
    values, places = draft.document()
    findings: list[Finding] = []
    terms = read_terms(
        Section(values, (), Sentence("A terms version"), findings),
        currency=program.currency,
        event_types=[event_type.code for event_type in program.event_types],
    )
    note(draft, findings, places)
    return None if findings else terms


def shadowed(payout: Payout) -> Sequence[tuple[int, PayoutGroup]]:
    """Groups that are never reached, with the earlier group before them: whatever fulfils all of their conditions
    fulfils those of the earlier one."""
    found = []
    for place, group in enumerate(payout.groups):
        before = next((one for one in payout.groups[:place] if set(one.when) <= set(group.when)), None)
        if before is not None:
            found.append((place, before))
    return found
