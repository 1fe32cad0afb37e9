"""The import of conversion requests as pages."""

from datetime import UTC, datetime

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accredit.access.permissions import Permission
from accredit.conversion_requests.importing import KNOWN, RAISED, UPLOAD, table_of
from accredit.imports.declaring import Format, Table
from accredit.programs.visibility import Viewpoint
from accredit.web import formats
from accredit.web.imports.declaring import ImportPage, Outcome
from accredit.web.requests.page import PAGE as REQUESTS


def _table(view: Viewpoint, said: Format) -> Table:
    return table_of(view, now=datetime.now(UTC), said=said)


def _act(faultless: int, every: bool) -> str:
    one = ngettext("Raise %(n)s request …", "Raise %(n)s requests …", faultless)
    some = ngettext("Raise %(n)s faultless row …", "Raise %(n)s faultless rows …", faultless)
    return (one if every else some) % {"n": formats.number(faultless)}


PAGE = ImportPage(
    "request-import",
    kind=UPLOAD,
    table=_table,
    permission=Permission.RAISE_REQUESTS,
    partners_too=True,
    list=REQUESTS,
    title=_("Import requests"),
    lead=_(
        "Upload a table of conversions that are missing or wrong. Every cell is checked at once; what is wrong you mend"
        " here, and nothing is raised before you say so."
    ),
    sample=_("conversion-requests"),
    outcomes={
        RAISED: Outcome(_("Raised"), _("Request %(note)s was raised of this row.")),
        KNOWN: Outcome(_("Raised before"), _("This was raised before: request %(note)s.")),
    },
    done=_("A request was raised of this row: it stays as it is."),
    show=_("Show the requests"),
    act=_act,
)
