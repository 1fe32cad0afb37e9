"""Taking the table that a form sends."""

from datetime import UTC, datetime
from typing import cast

from django.http import HttpRequest

from accredit.access.models import User
from accredit.imports.declaring import AS_READ, Format, Table
from accredit.imports.models import Upload
from accredit.imports.operations import keep_upload
from accredit.imports.sheets import MAX_BYTES, NotReadable
from accredit.programs.visibility import Viewpoint
from accredit.web.uploading import TOO_LARGE


def take(request: HttpRequest, view: Viewpoint, kind: str, table: Table, said: Format = AS_READ) -> Upload:
    """The file that was sent, read, checked and kept. Raises NotReadable."""
    sent = request.FILES.get("file")
    if TOO_LARGE in request.META:
        raise NotReadable("too_large", most=MAX_BYTES >> 20)
    if sent is None:
        raise NotReadable("empty")
    return keep_upload(
        sent.chunks(),
        table=table,
        file_name=sent.name or "",
        kind=kind,
        program_id=view.program.id,
        user=cast(User, request.user),
        now=datetime.now(UTC),
        said=said,
    )
