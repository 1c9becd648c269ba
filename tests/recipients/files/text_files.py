"""CSV and its relatives: encodings, line ends, delimiters, quotes, odd rows."""

from __future__ import annotations

from tests.recipients.files.nasty_file import HEADER, NAMED, PEOPLE, ROWS, TWO, NastyFile, raw, text

TEXT_FILES = [
    NastyFile("utf-8", text(PEOPLE), rows=ROWS),
    NastyFile("utf-8 with a mark, as Excel saves it", text(PEOPLE, "utf-8-sig"), rows=ROWS),
    NastyFile("utf-16 with a mark, Excel's Unicode text", text(PEOPLE.replace(",", "\t"), "utf-16"), rows=ROWS),
    NastyFile("utf-16 big-endian with a mark", raw(b"\xfe\xff" + PEOPLE.encode("utf-16-be")), rows=ROWS),
    NastyFile("utf-16 without a mark", text(PEOPLE, "utf-16-le"), rows=ROWS),
    NastyFile("utf-32", text(PEOPLE, "utf-32"), rows=ROWS),
    NastyFile("cp1252, as Excel saves CSV in the West", text(PEOPLE, "cp1252"), rows=ROWS),
    NastyFile("no header row", text("ann@example.com,Ann\nbo@example.com,Bo\n"), header=["email", ""], rows=TWO),
    NastyFile(
        "only addresses, under a blank line",
        text("\nann@example.com\nbo@example.com\n"),
        header=["email"],
        rows=[["ann@example.com"], ["bo@example.com"]],
        lines=[2, 3],
    ),
    NastyFile(
        "cp1252 with typographic signs",
        text("email;note\nann@example.com;“Hi” – 5 €\n", "cp1252"),
        header=["email", "note"],
        rows=[["ann@example.com", "“Hi” – 5 €"]],
    ),
    NastyFile(
        "cp1251",
        text(
            "email;имя;город\nann@example.com;Иван Петров;Москва\nbo@example.com;Ольга Смирнова;Екатеринбург\n",
            "cp1251",
        ),
        header=["email", "имя", "город"],
        rows=[["ann@example.com", "Иван Петров", "Москва"], ["bo@example.com", "Ольга Смирнова", "Екатеринбург"]],
    ),
    NastyFile(
        "letters other than ASCII only far behind",
        text("email,name\n" + "ann@example.com,Ann\n" * 9_000 + "bo@example.com,Zoë\n", "cp1252"),
        header=NAMED,
        rows=[["ann@example.com", "Ann"]] * 9_000 + [["bo@example.com", "Zoë"]],
    ),
    NastyFile("utf-16 that breaks off", raw(PEOPLE.encode("utf-16")[:-1]), words="Save it again as CSV UTF-8"),
    NastyFile(
        "two marks, one behind the other",
        raw(b"\xef\xbb\xbf" + PEOPLE.encode("utf-8-sig")),
        header=["\ufeffemail", *HEADER[1:]],
        rows=ROWS,
    ),
    # Line ends, delimiters, quotes
    NastyFile(
        "old Mac line ends",
        text("email,name\rann@example.com,Ann\rbo@example.com,Bo\r"),
        header=NAMED,
        rows=TWO,
        lines=[2, 3],
    ),
    NastyFile(
        "mixed line ends",
        text("email,name\r\nann@example.com,Ann\nbo@example.com,Bo\r"),
        header=NAMED,
        rows=TWO,
        lines=[2, 3],
    ),
    NastyFile(
        "no line end at the end", text("email,name\nann@example.com,Ann\nbo@example.com,Bo"), header=NAMED, rows=TWO
    ),
    NastyFile(
        "sep= as Excel writes it",
        text("sep=;\r\nemail;name\r\nann@example.com;Ann\r\nbo@example.com;Bo\r\n"),
        header=NAMED,
        rows=TWO,
        lines=[3, 4],
    ),
    NastyFile(
        "sep= with an odd sign",
        text("sep=^\nemail^name\nann@example.com^Ann\nbo@example.com^Bo\n"),
        header=NAMED,
        rows=TWO,
    ),
    NastyFile(
        "semicolons and decimal commas",
        text("email;amount\nann@example.com;1,50\nbo@example.com;2,75\n"),
        header=["email", "amount"],
        rows=[["ann@example.com", "1,50"], ["bo@example.com", "2,75"]],
    ),
    NastyFile(
        "tabs and commas in names",
        text("email\tname\nann@example.com\tOkafor, Ann\n"),
        header=NAMED,
        rows=[["ann@example.com", "Okafor, Ann"]],
    ),
    NastyFile("vertical bars", text("email|name\nann@example.com|Ann\nbo@example.com|Bo\n"), header=NAMED, rows=TWO),
    NastyFile(
        "quotes in quotes",
        text('email,note\nann@example.com,"He said ""hi"", then left"\n'),
        header=["email", "note"],
        rows=[["ann@example.com", 'He said "hi", then left']],
    ),
    NastyFile(
        "line breaks in cells",
        text('email,note\nann@example.com,"one\r\ntwo\n\nthree"\nbo@example.com,x\n'),
        header=["email", "note"],
        rows=[["ann@example.com", "one\r\ntwo\n\nthree"], ["bo@example.com", "x"]],
        lines=[2, 6],
    ),
    NastyFile(
        "a quote in the middle of a cell",
        text('email,name\nann@example.com,Ann "Annie" Lee\n'),
        header=NAMED,
        rows=[["ann@example.com", 'Ann "Annie" Lee']],
    ),
    NastyFile(
        "spaces after the delimiter and before a quote",
        text('email, name\nann@example.com, "Lee, Ann"\n'),
        header=["email", "name"],
        rows=[["ann@example.com", "Lee, Ann"]],
    ),
    NastyFile(
        "a quote that is never closed",
        text('email,name\nann@example.com,Ann\nbo@example.com,"Bo\ncy@example.com,Cy\n'),
        words="begins in line 3",
    ),
    NastyFile(
        "a single column",
        text("email\nann@example.com\nbo@example.com"),
        header=["email"],
        rows=[["ann@example.com"], ["bo@example.com"]],
    ),
    NastyFile(
        "blank rows everywhere",
        text("\n\nemail,name\n,\n  ,  \nann@example.com,Ann\n\n\nbo@example.com,Bo\n\n"),
        header=NAMED,
        rows=TWO,
        lines=[6, 9],
    ),
    NastyFile(
        "a title and a note above the header",
        text("Members 2026,\nprinted on Monday,\n\nemail,name\nann@example.com,Ann\nbo@example.com,Bo\n"),
        header=NAMED,
        rows=TWO,
        lines=[5, 6],
    ),
    NastyFile(
        "a title above a header without the word e-mail",
        text("Members 2026,,\nKontakt,Ort,Plan\nann@example.com,Köln,A\n"),
        header=["Kontakt", "Ort", "Plan"],
        rows=[["ann@example.com", "Köln", "A"]],
        lines=[3],
    ),
    NastyFile(
        "rows shorter and longer than the header",
        text("email,name,city\nann@example.com,Ann\nbo@example.com,Bo,York,x,y\n"),
        header=["email", "name", "city"],
        rows=[["ann@example.com", "Ann"], ["bo@example.com", "Bo", "York", "x", "y"]],
        bad={3: "width"},
    ),
    NastyFile(
        "16,384 empty columns to the right",
        raw(b"email,name" + b"," * 16_382 + b"\nann@example.com,Ann" + b"," * 16_382 + b"\n"),
        header=[*NAMED, *[""] * 198],
        rows=[["ann@example.com", "Ann", *[""] * 16_382]],
    ),
    NastyFile(
        "equal names of columns",
        text("email,note,Note\nann@example.com,1,2\n"),
        header=["email", "note", "Note"],
        rows=[["ann@example.com", "1", "2"]],
    ),
    NastyFile(
        "leading zeros and long numbers",
        text("email,code,card\nann@example.com,007,12345678901234567890\n"),
        header=["email", "code", "card"],
        rows=[["ann@example.com", "007", "12345678901234567890"]],
    ),
    NastyFile(
        "formulas in cells",
        text('email,note\nann@example.com,"=HYPERLINK(""http://x"")"\nbo@example.com,+44 20\n'),
        header=["email", "note"],
        rows=[["ann@example.com", '=HYPERLINK("http://x")'], ["bo@example.com", "+44 20"]],
    ),
    NastyFile(
        "invisible signs around addresses",
        text("email,name\n\u200bann@example.com\u00a0,Ann\n\ufeffbo@example.com,Bo\n"),
        header=NAMED,
        rows=[["\u200bann@example.com\u00a0", "Ann"], ["\ufeffbo@example.com", "Bo"]],
        bad={},
    ),
    NastyFile(
        "right-to-left text and emoji",
        text("email,name\nann@example.com,שלום 👋🏽\n"),
        header=NAMED,
        rows=[["ann@example.com", "שלום 👋🏽"]],
    ),
    NastyFile(
        "every kind of bad address",
        text(
            "email,name\nno at sign,1\nann@example.com; bo@example.com,2\na nn@example.com,3\nann@gmial.com,4\n"
            "jörg@example.com,5\n"
            "ann@münchen.de,6\n,7\nann@,8\nann@example..com,9\nAnn Lee <ann@example.com>,10\n"
        ),
        header=NAMED,
        rows=[
            ["no at sign", "1"],
            ["ann@example.com; bo@example.com", "2"],
            ["a nn@example.com", "3"],
            ["ann@gmial.com", "4"],
            ["jörg@example.com", "5"],
            ["ann@münchen.de", "6"],
            ["", "7"],
            ["ann@", "8"],
            ["ann@example..com", "9"],
            ["Ann Lee <ann@example.com>", "10"],
        ],
        bad={
            2: "no_at",
            3: "several",
            4: "spaces",
            5: "slip",
            6: "letters",
            7: "domain_letters",
            8: "no_address",
            9: "not_an_address",
            10: "not_an_address",
            11: "spaces",
        },
    ),
]
