"""Has LibreOffice write the files of this folder: `.venv/bin/python -m tests.recipients.files.libreoffice.make`.

Run by hand, where `soffice` is installed; those that are kept were written by LibreOffice 7.4.7.2 (Debian 12).
"""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from app.recipients.spreadsheet_cells import BYTE_ORDER_MARK, csv_lines
from tests.recipients.files.libreoffice.sources import WORKBOOKS
from tests.recipients.files.own_export import EXAMPLE, EXPORT

HERE = Path(__file__).parent
CSV = "csv:Text - txt - csv (StarCalc):"
XLSX = "xlsx:Calc MS Excel 2007 XML"
UTF8 = "44,34,76,1,,0,false,true"
AS_TEXT = "CSV:44,34,76,1," + "/".join(f"{column}/2" for column in range(1, 12))
"""How a CSV file is opened with every column as text."""
WORKBOOKS_AS = {
    "ods": "formulas kinds codes hidden merged rich to-the-end far-away grouped right-to-left empty",
    XLSX: "formulas kinds 1904 codes hidden rich to-the-end far-away filter protected",
    **dict.fromkeys(["fods", "xls", "xlsm:Calc MS Excel 2007 VBA XML", "dif", "slk", "html"], "people"),
    "xml:MS Excel 2003 XML": "people",
}
"""Filter to workbooks that are saved with it."""
TEXTS = {
    "tab": ("people", "9,34,76,1,,0,false,true"),
    "semicolon": ("people", "59,34,76,1,,0,false,true"),
    "utf16-tab": ("people", "9,34,65535,1,,0,false,true"),
    "cp1252": ("people", "59,34,1,1,,0,false,true"),
    "mac-roman": ("people", "44,34,2,1,,0,false,true"),
    "all-quoted": ("codes", "44,34,76,1,,0,true,true"),
    "single-quotes": ("rich", "44,39,76,1,,0,true,true"),
    "fixed-width": ("wide", "FIX,34,76,1,,0,false,true"),
    "as-shown": ("kinds", "59,34,76,1,,1031,false,true"),
    "formulas": ("formulas", "44,34,76,1,,0,false,true"),
}
"""Name to workbook and options of LibreOffice's CSV filter: delimiter, quote, encoding and so on."""


class Office:
    """LibreOffice with settings of its own, so that nobody's are touched."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._start = ["soffice", f"-env:UserInstallation={(folder / 'profile').as_uri()}", "--headless"]

    def run(self, *arguments: str) -> None:
        """Run it once."""
        subprocess.run([*self._start, *arguments], check=True, timeout=60)

    def save(self, *files: Path, to: str, opened: str = "") -> list[Path]:
        """Open files and save each again; gives where."""
        out = self.folder / f"saved-{len(list(self.folder.iterdir()))}"
        how = [f"--infilter={opened}"] if opened else []
        self.run(*how, "--convert-to", to, "--outdir", str(out), *map(str, files))
        return [out / f"{file.stem}.{to.partition(':')[0]}" for file in files]


def keep(file: Path, name: str) -> None:
    """Put a file into this folder."""
    (HERE / name).write_bytes(file.read_bytes())


def make_workbooks(office: Office, sources: dict[str, Path]) -> None:
    """Make the workbooks, and people in whatever else LibreOffice writes."""
    for to, names in WORKBOOKS_AS.items():
        for made in office.save(*(sources[name] for name in names.split()), to=to):
            keep(made, made.name)


def make_texts(office: Office, sources: dict[str, Path]) -> None:
    """Make CSV files in every way people may choose."""
    for name, (source, options) in TEXTS.items():
        (made,) = office.save(sources[source], to=CSV + options)
        keep(made, f"{name}.csv")


def make_own(office: Office) -> None:
    """Open Postroom's own downloads and save them again, as people do with a list."""
    for name, rows in {"export": EXPORT, "example": EXAMPLE}.items():
        own = office.folder / f"{name}.csv"
        own.write_text(BYTE_ORDER_MARK + csv_lines(rows), newline="")
        for to in ("ods", XLSX, CSV + UTF8) if name == "export" else (XLSX, CSV + UTF8):
            (made,) = office.save(own, to=to, opened="CSV:44,34,76,1")
            keep(made, made.name)
    for to in (XLSX, CSV + UTF8):
        (made,) = office.save(office.folder / "export.csv", to=to, opened=AS_TEXT)
        keep(made, f"export-as-text{made.suffix}")


MACRO = """
Sub Main(source, target, filter, password)
  Dim hidden(0) As New com.sun.star.beans.PropertyValue
  hidden(0).Name = "Hidden" : hidden(0).Value = True
  book = StarDesktop.loadComponentFromURL(source, "_blank", 0, hidden())
  Dim key(1) As New com.sun.star.beans.NamedValue
  key(0).Name = "OOXPassword" : key(0).Value = password
  key(1).Name = "CryptoType" : key(1).Value = "Standard"
  Dim how(1) As New com.sun.star.beans.PropertyValue
  how(0).Name = "FilterName" : how(0).Value = filter
  If filter = "calc8" Then
    how(1).Name = "Password" : how(1).Value = password
  Else
    how(1).Name = "EncryptionData" : how(1).Value = CreateUnoValue("[]com.sun.star.beans.NamedValue", key())
  End If
  book.storeToURL(target, how())
  book.close(True)
End Sub
"""


def make_encrypted(office: Office, source: Path) -> None:
    """Save people with a password: only a macro can."""
    basic = office.folder / "profile/user/basic/Standard"
    (basic / "Module1.xba").write_text(
        '<?xml version="1.0" encoding="UTF-8"?><!DOCTYPE script:module PUBLIC "-//OpenOffice.org//DTD OfficeDocument '
        '1.0//EN" "module.dtd"><script:module xmlns:script="http://openoffice.org/2000/script" script:name="Module1" '
        f'script:language="StarBasic">{MACRO.replace("&", "&amp;").replace(chr(34), "&quot;")}</script:module>'
    )
    for kind, written_by in {"ods": "calc8", "xlsx": "Calc MS Excel 2007 XML"}.items():
        target = HERE / f"password.{kind}"
        call = f'"{source.as_uri()}","{target.as_uri()}","{written_by}","secret"'
        office.run(f"macro:///Standard.Module1.Main({call})")


def main() -> None:
    """Make them all anew."""
    with tempfile.TemporaryDirectory() as made:
        office = Office(Path(made))
        sources = {}
        for name, content in WORKBOOKS.items():
            sources[name] = office.folder / f"{name}.fods"
            sources[name].write_text(content, encoding="utf-8")
        make_workbooks(office, sources)
        make_texts(office, sources)
        make_own(office)
        make_encrypted(office, sources["people"])


if __name__ == "__main__":
    main()
