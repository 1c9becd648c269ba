"""What people upload in the place of a table, and tables beyond every limit."""

from __future__ import annotations

from tests.recipients.files.making import parts, plain_xlsx
from tests.recipients.files.nasty_file import NastyFile, raw, text

NO_TABLES = [
    NastyFile("nothing at all", raw(b""), words="nothing in it"),
    NastyFile("only blank lines", raw(b" \r\n \n"), words="nothing in it"),
    NastyFile("only a mark", raw(b"\xef\xbb\xbf"), words="nothing in it"),
    NastyFile("a header and nobody", raw(b"email,name\n"), words="nobody under it"),
    NastyFile("a NUL in a cell", raw(b"email,name\nann@example.com,An\0n\n"), words="Line 2 holds a NUL"),
    NastyFile(
        "16,385 columns",
        text(",".join(["email", *(f"c{n}" for n in range(16_384))]) + "\nann@example.com\n"),
        words="16,385 columns",
    ),
    NastyFile(
        "a name of a column with 5,000 letters",
        text("email," + "x" * 5_000 + "\nann@example.com,1\n"),
        words="has 5,000 characters",
    ),
    NastyFile(
        "a cell of 10 MiB",
        raw(b"email,note\nann@example.com,ok\nbo@example.com," + b"x" * (10 * 1024 * 1024)),
        header=["email", "note"],
        rows=[["ann@example.com", "ok"], ["bo@example.com", "x" * (10 * 1024 * 1024)]],
        bad={3: "cell"},
    ),
    NastyFile(
        "a cell of 13 MiB",
        raw(b"email,note\nann@example.com,ok\nbo@example.com," + b"x" * (13 * 1024 * 1024)),
        words="Line 3 has more than",
    ),
    NastyFile(
        "a quote and then 13 MiB of lines",
        raw(b'email,note\nann@example.com,"ok\n' + b"bo@example.com,x\n" * 900_000),
        words="begins in line 2",
    ),
    NastyFile("a PDF called .csv", raw(b"%PDF-1.7\n%\xe2\xe3"), words="a PDF"),
    NastyFile(
        "an old XLS workbook", raw(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)), words="“Save as” and “CSV UTF-8”"
    ),
    NastyFile(
        "a workbook with a password",
        raw(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le")),
        words="with a password",
    ),
    NastyFile("a picture", raw(b"\x89PNG\r\n\x1a\n" + bytes(60)), words="a picture"),
    NastyFile("a web page called .xls", raw(b"  <!DOCTYPE html><html><table>"), words="a web page"),
    NastyFile("JSON", raw(b'[{"email": "ann@example.com"}]'), words="JSON"),
    NastyFile("RTF", raw(b"{\\rtf1 hello}"), words="RTF"),
    NastyFile("gzip", raw(b"\x1f\x8b" + bytes(40)), words="gzip"),
    NastyFile(
        "a ZIP file with a CSV file in it",
        lambda: (
            parts(plain_xlsx(), people_dot_csv=b"email\n")
            .replace(b"xl/", b"yl/")
            .replace(b"[Content_Types].xml", b"[content_types].xml")
        ),
        words="a ZIP file",
    ),
]
