"""Where a key begins: the programs that it sees."""

from django.http import HttpResponse
from django.urls import reverse

from accredit.access.models import ApiKey
from accredit.api.answers import answer
from accredit.api.asking import without_program
from accredit.programs.visibility import viewpoints_of_key


@without_program
def start(key: ApiKey) -> HttpResponse:  # noqa: ARG001 every address takes it
    """Where to go on, and where everything is described."""
    return answer({"programs": reverse("api:api-programs"), "described_in": "docs/api.md"})


@without_program
def programs(key: ApiKey) -> HttpResponse:
    """The programs that the key sees, by name. `partners`: the codes of its organization's own partners there; null for
    advertiser and agency, who see everything."""
    return answer(
        {
            "programs": [
                {
                    "code": seen.program.code,
                    "name": seen.program.name,
                    "currency": seen.program.currency,
                    "timezone": seen.program.timezone,
                    "partners": None if seen.partners is None else sorted(seen.partners),
                }
                for seen in viewpoints_of_key(key)
            ]
        }
    )
