"""What the two sides say about a request, and the files by which they show it."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.parser import BytesHeaderParser
from email.policy import compat32
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db import transaction

from accredit.access.models import User
from accredit.conversion_requests.models import Attachment, Comment, Request
from accredit.programs.visibility import Viewpoint

COMMENT_CHARACTERS = 4_000
MAX_BYTES = 10 << 20
"""Of one file."""
MOST_FILES = 10
"""Of one request."""
NAME_CHARACTERS = 100
ENDINGS: Mapping[str, Sequence[str]] = {
    "pdf": ["pdf"],
    "png": ["png"],
    "jpg": ["jpg", "jpeg"],
    "eml": ["eml"],
    "txt": ["txt"],
}
"""The kinds of attachments, and how names of such files end."""
BEGINNINGS: Mapping[str, bytes] = {"pdf": b"%PDF-", "png": b"\x89PNG\r\n\x1a\n", "jpg": b"\xff\xd8\xff"}
NOT_OF_TEXTS = bytes({*range(32), 127} - {*b"\t\n\f\r"})
HEADERS_OF_MAILS = {"date", "from", "message-id", "received", "subject", "to"}
REFUSALS = {
    "nothing": "Neither a comment nor a file was sent",
    "too_long": "A comment has at most {most} characters",
    "too_large": "{name}: a file has at most {most} MB",
    "too_many": "A request has at most {most} files",
    "kind": "{name}: it is none of {kinds}",
    "empty": "{name}: it is empty",
}
"""Why something was not kept. The codes are for programs, the sentences for people."""


class Side(StrEnum):
    """Who speaks: agencies do for the advertiser."""

    PARTNER = "partner"
    ADVERTISER = "advertiser"

    @classmethod
    def of(cls, view: Viewpoint) -> "Side":
        """That of a viewer."""
        return cls.ADVERTISER if view.sees_everything else cls.PARTNER

    @property
    def other(self) -> "Side":
        return Side.PARTNER if self is Side.ADVERTISER else Side.ADVERTISER


class NotKept(ValueError):
    """A comment or file that is refused; nothing of what came with it is kept. `code` is one of REFUSALS."""

    def __init__(self, code: str, **values: Any) -> None:
        self.code, self.values = code, values
        super().__init__(REFUSALS[code].format(**values))


@dataclass(frozen=True, slots=True)
class File:
    """A file as it was sent, or, with its `kind`, as it may be kept."""

    name: str
    content: bytes
    kind: str = ""


def checked(files: Sequence[File]) -> Sequence[File]:
    """The files with their kinds, by content, and with names that are harmless. Raises NotKept."""
    if len(files) > MOST_FILES:
        raise NotKept("too_many", most=MOST_FILES)
    return [_checked(file) for file in files]


def _checked(file: File) -> File:
    told = {"name": clean_name(file.name, "")}
    if not file.content:
        raise NotKept("empty", **told)
    if len(file.content) > MAX_BYTES:
        raise NotKept("too_large", most=MAX_BYTES >> 20, **told)
    kind = kind_of(file.content)
    if kind is None:
        raise NotKept("kind", kinds=", ".join(ENDINGS), **told)
    return File(clean_name(file.name, kind), file.content, kind)


def kind_of(content: bytes) -> str | None:
    """What a file is, by its content alone; None for everything that is no attachment."""
    for kind, beginning in BEGINNINGS.items():
        if content.startswith(beginning):
            return kind
    if not _is_text(content):
        return None
    headers = BytesHeaderParser(policy=compat32).parsebytes(content[:65_536])
    return "eml" if len(HEADERS_OF_MAILS & {name.lower() for name in headers}) >= 3 else "txt"


def _is_text(content: bytes) -> bool:
    """Text without control characters, in any encoding that people's programs write; markup is none."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            content = content.decode("utf-16").encode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            return False
    plain = len(content) == len(content.translate(None, NOT_OF_TEXTS))
    return plain and not content.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<")


def clean_name(name: str, kind: str) -> str:
    """A name without folders, control characters and what systems take for more than a name; it ends as its kind
    does. Without a kind: as the messages say it."""
    base = unicodedata.normalize("NFC", re.split(r"[\\/]", name)[-1])
    shown = "".join(one for one in base if unicodedata.category(one)[0] != "C")
    plain = "".join(one if one.isalnum() or one in " ._-()" else "_" for one in shown)
    stem, _dot, ending = plain.rpartition(".")
    if not stem or ending.lower() not in ENDINGS.get(kind, ()):
        stem = plain
    stem = stem.strip(" .")[:NAME_CHARACTERS] or "file"
    return f"{stem}.{kind}" if kind else stem


def comment(request: Request, text: str, files: Sequence[File], *, user: User, side: Side, now: datetime) -> None:
    """Keep what somebody said about a request, with files; from now on the other side has to answer. Raises NotKept."""
    text, files = sayable(text), checked(files)
    if not text and not files:
        raise NotKept("nothing")
    with transaction.atomic():
        stored = Request.objects.select_for_update().get(program=request.program_id, id=request.id)
        keep(stored, text, files, user=user, side=side, now=now)
        Request.objects.filter(program=request.program_id, id=request.id).update(answer_from=side.other.value)


def sayable(text: str) -> str:
    """A comment without what no text can hold. Raises NotKept."""
    text = text.replace("\0", "").strip()
    if len(text) > COMMENT_CHARACTERS:
        raise NotKept("too_long", most=COMMENT_CHARACTERS)
    return text


def keep(request: Request, text: str, files: Sequence[File], *, user: User, side: Side, now: datetime) -> None:
    """Keep a `sayable` text and `checked` files of a request that the open transaction locked or made. Raises
    NotKept."""
    _attach(request, files, user, now)
    if text:
        Comment.objects.create(
            program_id=request.program_id,
            request_id=request.id,
            user=user,
            side=side.value,
            text=text,
            written_at=now,
        )


def _attach(request: Request, files: Sequence[File], user: User, now: datetime) -> None:
    there = Attachment.objects.filter(program=request.program_id, request_id=request.id).count()
    if there + len(files) > MOST_FILES:
        raise NotKept("too_many", most=MOST_FILES)
    Attachment.objects.bulk_create(
        [
            Attachment(
                program_id=request.program_id,
                request_id=request.id,
                user=user,
                file_name=file.name,
                kind=file.kind,
                content=file.content,
                size=len(file.content),
                added_at=now,
            )
            for file in files
        ]
    )


def comments_of(request: Request) -> Sequence[Comment]:
    """What was said, oldest first, with who said it."""
    found = Comment.objects.filter(program=request.program_id, request_id=request.id)
    return list(found.select_related("user").order_by("id"))


def attachments_of(request: Request) -> Sequence[Attachment]:
    """The files of a request without their contents, oldest first."""
    found = Attachment.objects.filter(program=request.program_id, request_id=request.id)
    return list(found.select_related("user").defer("content").order_by("id"))


def attachment_of(request: Request, attachment_id: UUID) -> Attachment:
    """One file of a request. Raises Attachment.DoesNotExist for those of other requests."""
    return Attachment.objects.get(program=request.program_id, request_id=request.id, id=attachment_id)
