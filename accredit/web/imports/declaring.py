"""What the pages of an import say of it, beyond what its table itself does."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.functional import Promise

from accredit.access.permissions import Permission
from accredit.database.keys import key_to_text
from accredit.imports.declaring import Format, Table
from accredit.imports.models import PREFIX, Upload
from accredit.programs.visibility import Viewpoint
from accredit.web.lists.declaring import ListPage

Text = str | Promise


@dataclass(frozen=True, slots=True)
class Outcome:
    """What can become of a row. `title`: of how many they are; `note`: what is said of the row, which may name the note
    that was kept with it (`%(note)s`)."""

    title: Text
    note: Text


@dataclass(frozen=True, slots=True)
class ImportPage:
    """The names of its addresses begin with `name`. It has two of its own: `{name}-preview`, which fills the window of
    what would become of the faultless rows, and whatever has it done.

    `kind`: of the uploads. `table`: of a program as it is now, for a file that is written in a way. `permission`: what
    one needs; `partners_too`: it is open to partners. `list`: where one finds what became of the rows, and `show`: the
    link that goes there. `lead`: what one uploads, and what comes of it. `sample`: the name of the sample file.
    `outcomes`: by the state of a row; the first is what the import is for. `done`: why a row with a state is not
    corrected. `act`: the button that opens the window, for so many faultless rows, which are all or not."""

    name: str
    kind: str
    table: Callable[[Viewpoint, Format], Table]
    permission: Permission
    list: ListPage[Any]
    title: Text
    lead: Text
    sample: Text
    outcomes: Mapping[str, Outcome]
    done: Text
    show: Text
    act: Callable[[int, bool], str]
    partners_too: bool = False

    @property
    def aim(self) -> str:
        """The state of the rows with which was done what the import is for."""
        return next(iter(self.outcomes))

    @property
    def file_job(self) -> str:
        """The kind of the job that writes a large file with remarks."""
        return f"{self.kind}_file"

    def url(self, view: Viewpoint) -> str:
        """The address where one uploads."""
        return reverse(f"web:{self.name}s", args=[view.program.code])

    def url_of_sample(self, view: Viewpoint, language: str) -> str:
        """The address of the sample file in a language."""
        return reverse(f"web:{self.name}-sample", args=[view.program.code, language])

    def url_of(self, view: Viewpoint, kept: Upload, part: str = "") -> str:
        """The address of what was uploaded, or of a part of it."""
        name = f"{self.name}-{part}" if part else self.name
        return reverse(f"web:{name}", args=[view.program.code, key_to_text(PREFIX, kept.id)])
