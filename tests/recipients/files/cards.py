"""Address cards, as phones and mail programs export them."""

from __future__ import annotations

from tests.recipients.files.nasty_file import NastyFile, text

CARD = "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Ann Okafor\r\nN:Okafor;Ann;;;\r\nEMAIL;TYPE=HOME:ann@home.example\r\n"
CARD += "EMAIL;TYPE=WORK,PREF:ann@example.com\r\nORG:Harbour;Boats\r\nEND:VCARD\r\n"
OLD_CARD = (
    "BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BCller;J=C3=B6rg\r\n"
    "FN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:J=C3=B6rg M=C3=BCller\r\n"
    "EMAIL;INTERNET:jorg@example.com\r\nEND:VCARD\r\n"
)
NEW_CARD = (
    "BEGIN:VCARD\nVERSION:4.0\nFN:Bo\nEMAIL;PREF=1:bo@example.com\nPHOTO:data:image/png;base64,AAAA\n BBBB\n"
    "ADR:;;Elm Street 1;Leeds;;LS1;UK\nEND:VCARD\n"
)
CARD_HEADER = ["Email", "Name", "First name", "Last name", "Organisation", "Job title", "Phone"]
CARD_HEADER += ["Street", "City", "Postcode", "Country", "Birthday", "Other e-mail"]


def card_row(email: str, name: str, **parts: str) -> list[str]:
    given = {"Email": email, "Name": name, **{one.replace("_", " "): value for one, value in parts.items()}}
    return [given.get(column, "") for column in CARD_HEADER]


ANN = card_row(
    "ann@example.com",
    "Ann Okafor",
    First_name="Ann",
    Last_name="Okafor",
    Organisation="Harbour, Boats",
    **{"Other_e-mail": "ann@home.example"},
)
CARDS = [
    NastyFile(
        "an address card of version 3",
        text(CARD),
        header=CARD_HEADER,
        rows=[ANN],
    ),
    NastyFile(
        "an old phone's card in quoted-printable",
        text(OLD_CARD),
        header=CARD_HEADER,
        rows=[card_row("jorg@example.com", "Jörg Müller", First_name="Jörg", Last_name="Müller")],
    ),
    NastyFile(
        "a card of version 4 with a picture",
        text(NEW_CARD),
        header=CARD_HEADER,
        rows=[card_row("bo@example.com", "Bo", Street="Elm Street 1", City="Leeds", Postcode="LS1", Country="UK")],
    ),
    NastyFile(
        "several cards, one without an address",
        text(CARD + "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Cy\r\nN:;Cy;;;\r\nEND:VCARD\r\n" + NEW_CARD),
        header=CARD_HEADER,
        rows=[
            ANN,
            card_row("", "Cy", First_name="Cy"),
            card_row("bo@example.com", "Bo", Street="Elm Street 1", City="Leeds", Postcode="LS1", Country="UK"),
        ],
        lines=[1, 9, 14],
        bad={9: "no_address"},
    ),
    NastyFile(
        "a card in utf-16",
        text(CARD, "utf-16"),
        header=CARD_HEADER,
        rows=[ANN],
    ),
    NastyFile(
        "a card that breaks off",
        text(CARD + "BEGIN:VCARD\r\nFN:Bo\r\n"),
        words="begins in line 9 has no end",
    ),
]
