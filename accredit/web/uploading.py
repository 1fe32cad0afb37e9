"""How much may be uploaded: what is more is not stored, whatever a browser says of it."""

from typing import Any

from django.core.files.uploadhandler import FileUploadHandler, SkipFile

from accredit.imports.sheets import MAX_BYTES

TOO_LARGE = "accredit_upload_too_large"
"""In the request's META where a file was larger."""


class SizeLimit(FileUploadHandler):
    """Stands before Django's own handlers, and lets them see no more of a file than it may have."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Another file begins."""
        super().new_file(*args, **kwargs)
        self.taken = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:  # noqa: ARG002 - Django's own
        """Passes the chunk on, or the rest of the file over."""
        self.taken += len(raw_data)
        if self.taken > MAX_BYTES:
            assert self.request is not None
            self.request.META[TOO_LARGE] = "1"
            raise SkipFile
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """The file is for the handlers behind this one."""
