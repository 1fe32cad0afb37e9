"""Files are what their content says, whatever their names say; and names harm nobody."""

import pytest

from accredit.conversion_requests.discussing import MAX_BYTES, MOST_FILES, File, NotKept, checked, clean_name, kind_of

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)
MAIL = b"From: a@example.com\r\nTo: b@example.com\r\nSubject: Order 1\r\n\r\nSee there."


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"%PDF-1.7 ...", "pdf"),
        (PNG, "png"),
        (b"\xff\xd8\xff\xe0 ...", "jpg"),
        (MAIL, "eml"),
        (b"Order 1 was delivered.\n", "txt"),
        ("Größe".encode(), "txt"),
        ("Größe".encode("cp1252"), "txt"),
        ("Größe".encode("utf-16"), "txt"),
        (b"<html><script>alert(1)</script>", None),
        (b"\xef\xbb\xbf  <svg onload=alert(1)>", None),
        ("<html>".encode("utf-16"), None),
        (b"PK\x03\x04 a spreadsheet", None),
        (b"MZ\x90\x00\x03 a program", None),
        (b"GIF89a\x01\x00", None),
        (b"text with a zero\x00 in it", None),
        (b" %PDF-1.7 behind a blank", "txt"),
    ],
)
def test_the_content_says_what_a_file_is(content: bytes, kind: str | None) -> None:
    assert kind_of(content) == kind


@pytest.mark.parametrize(
    ("name", "kind", "clean"),
    [
        ("receipt.pdf", "pdf", "receipt.pdf"),
        ("receipt.JPEG", "jpg", "receipt.jpg"),
        ("receipt.pdf", "png", "receipt.pdf.png"),
        ("bill.exe", "txt", "bill.exe.txt"),
        ("../../etc/passwd", "txt", "passwd.txt"),
        ("C:\\temp\\Beleg Nr. 7.png", "png", "Beleg Nr. 7.png"),
        ("gnp.\u202efdp.exe", "png", "gnp.fdp.exe.png"),
        ('a"b\r\nX: y.txt', "txt", "a_bX_ y.txt"),
        ("...", "pdf", "file.pdf"),
        (".txt", "txt", "txt.txt"),
        ("", "pdf", "file.pdf"),
        ("ä" * 300 + ".png", "png", "ä" * 100 + ".png"),
    ],
)
def test_names_harm_nobody(name: str, kind: str, clean: str) -> None:
    assert clean_name(name, kind) == clean


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ([File("a.txt", b"")], "empty"),
        ([File("a.txt", b"x" * (MAX_BYTES + 1))], "too_large"),
        ([File("a.png", b"GIF89a\x00")], "kind"),
        ([File("a.txt", b"x")] * (MOST_FILES + 1), "too_many"),
    ],
)
def test_what_is_no_attachment_is_refused(files: list[File], code: str) -> None:
    with pytest.raises(NotKept) as refused:
        checked(files)
    assert refused.value.code == code


def test_the_largest_file_is_kept() -> None:
    assert [file.kind for file in checked([File("a.txt", b"x" * MAX_BYTES)])] == ["txt"]
