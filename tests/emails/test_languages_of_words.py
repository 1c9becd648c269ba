"""What the rules of templates say, in the language of whoever reads it, also from the limited process."""

from __future__ import annotations

import json
import pickle
from decimal import Decimal

import pytest
from markupsafe import escape
from sqlalchemy import text

from app.db import Database
from app.emails import pieces, templates
from app.emails.assembling import Pieces
from app.emails.checks.findings_of_problems import findings_of_problems
from app.emails.content import Content, Hint, Variant, content_of
from app.emails.filters import FILTER_WORDS
from app.emails.findings import findings
from app.emails.jinja_words import jinja_words
from app.emails.languages import language_name
from app.emails.limits import LimitedRenderer
from app.emails.models import PieceKind, TemplateVersion
from app.emails.piece_drafts import Written, create_piece, save_piece
from app.emails.piece_publishing import carry_out, plan
from app.emails.preview import preview
from app.emails.publishing import make_ready, publish
from app.emails.rendering import EmailSource, RenderError, RenderProblem, check_source, render
from app.emails.starters import IN_GALLERY, gallery, starters
from app.people.models import Person
from app.words import _, as_sentence, kept, shown, speaking, with_and


def test_findings_from_the_limited_process_speak_the_language_of_the_reader(renderer: LimitedRenderer) -> None:
    body = '<p style="color:#aaaaaa">Good morning</p><a href="#">Go on</a>'
    content = Content(variants={"en": Variant("Hello", body=body)}, hints={"due": Hint("date", "soon")})
    found = {one.code: one for one in findings(renderer, content, "en", Pieces(), {})}
    assert found["contrast"].words == (
        "“Good morning” is hard to read: #aaaaaa on #ffffff has a contrast of 2.3 to 1; it needs 4.5."
    )
    with speaking("de"):
        assert f"{found['contrast'].words}" == (
            "„Good morning“ ist schwer zu lesen: #aaaaaa auf #ffffff hat einen Kontrast von 2,3 zu 1; nötig sind 4,5."
        )
        assert f"{found['link_broken'].words}" == "Der Link „Go on“ führt nirgendwohin: Die Adresse ist leer (#)."
        assert f"{found['unused_variable'].remedy}" == "Verwenden Sie sie, oder leeren Sie ihre Zeile."


def test_problems_keep_their_words_with_place_and_line(renderer: LimitedRenderer) -> None:
    problem = preview(renderer, content_of("Hello", "\n{{ '' | date }}"), "en", Pieces(), {}).problems[0]
    english = "Body, line 2: this cannot be rendered: a date is empty. Write it like 2027-01-31, or use default."
    german = (
        "Inhalt, Zeile 2: Das lässt sich nicht darstellen: Ein Datum ist leer. Schreiben Sie es wie 2027-01-31, "
        "oder verwenden Sie default."
    )
    assert str(problem) == f"{problem}" == english
    assert kept(str(problem)) == kept(shown(kept(str(problem))))
    with speaking("de"):
        assert f"{problem}" == shown(kept(str(problem))) == escape(problem) == german


def test_every_language_of_a_draft_is_named_in_the_language_of_the_reader(renderer: LimitedRenderer) -> None:
    content = Content(variants={"en": Variant("Hello", body="x"), "fr": Variant("", body="x")})
    with pytest.raises(RenderError) as caught:
        renderer.run(make_ready, content, Pieces())
    assert str(caught.value) == "Subject: French: write a subject."
    with speaking("de"):
        assert f"{caught.value}" == "Betreff: Französisch: Schreiben Sie einen Betreff."
        assert language_name("pt-BR") == "Portugiesisch (Brasilien)"
    assert language_name("pt-BR") == "Portuguese (Brazil)"
    assert language_name("nonsense!") == "nonsense!"


def test_a_problem_that_stands_alone_begins_with_a_capital() -> None:
    found = findings_of_problems([RenderProblem("syntax", "body", 1, _("the template is nested too deeply."))])[0]
    for words in (found.words, pickle.loads(pickle.dumps(found)).words):
        assert words == f"{words}" == "The template is nested too deeply."
        with speaking("de"):
            assert f"{words}" == escape(words) == "Die Vorlage ist zu tief verschachtelt."
    assert as_sentence("as it is") == "As it is"


@pytest.mark.parametrize(
    ("source", "german"),
    [
        ("{{ x", "Unerwartetes Ende der Vorlage, erwartet wird „Ende einer Ausgabe“"),
        ("{{ x y }}", "Erwartet wird „Ende einer Ausgabe“, gefunden wurde 'y'"),
        ("{% nonsense %}", "Unbekanntes Tag 'nonsense'"),
        ("{{ x | nonsense }}", "Es gibt keinen Filter 'nonsense'"),
        ("{{ x is nonsense }}", "Es gibt keinen Test 'nonsense'"),
        ("{# x", "Das Ende eines Kommentars fehlt"),
        ("{{ x ! }}", "Unerwartetes Zeichen '!' an Stelle 5"),
        (
            "{% for one in x %}{% endif %}",
            "Unbekanntes Tag 'endif'. Gesucht wurde nach diesen Tags: 'endfor' oder 'else'. "
            "Der innerste Block, der geschlossen werden muss, ist 'for'",
        ),
        (
            "{% for one in x %}{% if one %}{% endfor %}",
            "Unbekanntes Tag 'endfor'. Wahrscheinlich ist etwas falsch verschachtelt. "
            "Dieses Tag wird erwartet, gesucht wird zurzeit aber nach 'elif' oder 'else' oder 'endif'. "
            "Der innerste Block, der geschlossen werden muss, ist 'if'",
        ),
    ],
)
def test_what_jinja_says_of_a_source_is_translated(source: str, german: str) -> None:
    words = check_source(EmailSource("x", source, ""))[0].words
    with speaking("de"):
        assert f"{words}" == f"Die Vorlage ist nicht lesbar: {german}."


def test_what_jinja_says_stays_letter_for_letter_in_english() -> None:
    for said in (
        "unexpected '}', expected ')'",
        "Encountered unknown tag 'a'. Something else, all new",
        "'x' is undefined",
    ):
        assert jinja_words(f"{said}.") == said


def test_filters_say_in_words_what_is_wrong_when_rendering() -> None:
    with pytest.raises(RenderError) as caught:
        render(EmailSource("x", "{{ 'soon' | time }}", ""), {})
    with speaking("de"):
        assert "„soon“ ist keine Uhrzeit. Schreiben Sie sie wie 14:30." in f"{caught.value}"
        assert json.loads(json.dumps([one.words for one in FILTER_WORDS]))[1] == "Eine Uhrzeit."


def test_words_in_a_row_are_said_in_the_language_of_the_reader() -> None:
    assert with_and(["a", "b", "c"]) == "a, b and c"
    assert with_and(["a"]) == "a"
    with speaking("de"):
        assert f"{with_and(['a', 'b', 'c'])}" == "a, b und c"


def test_numbers_keep_their_digits_and_languages_their_names_where_they_are_kept() -> None:
    words = _("The picture “%(name)s” has %(size)s MB.", name="a.png", size=Decimal("2.0"))
    assert words == "The picture “a.png” has 2.0 MB."
    for one in (words, language_name("fr")):
        assert shown(kept(one)) == one
        assert kept(shown(kept(one))) == kept(one)
    with speaking("de"):
        assert shown(kept(words)) == "Das Bild „a.png“ ist 2,0 MB groß."
        assert shown(kept(language_name("fr"))) == "Französisch"


def test_the_note_of_a_version_that_the_program_made_is_kept_in_no_language(
    database: Database, staff: Person, renderer: LimitedRenderer
) -> None:
    with database.writing() as session, speaking("de"):
        piece = create_piece(session, staff, PieceKind.SNIPPET, "Hours")
        save_piece(session, staff, piece.id, "Hours", Written("9 to 5"), number=piece.draft_number)
        carry_out(session, staff, plan(session, staff, renderer, piece.id, [], number=piece.draft_number))
        body = "x {% include 'Hours' %}"
        template = templates.create_template(session, staff, "Letter", content_of("Hello", body))
        publish(session, staff, template.id, "  a note of mine  ")
        save_piece(session, staff, piece.id, "Hours", Written("9 to 6"), number=piece.draft_number)
        carry_out(session, staff, plan(session, staff, renderer, piece.id, [template.id], number=piece.draft_number))
    with database.reading() as session:
        rows = session.scalars(text("SELECT note FROM template_version ORDER BY id")).all()
        assert rows[0] == "a note of mine" and rows[1].startswith("words:[")
        newest = session.query(TemplateVersion).order_by(TemplateVersion.id.desc()).first()
        assert newest is not None and newest.note == "Snippet “Hours” version 2"
        assert pieces.use_counts(session, [piece.id]) == {piece.id: 1}
    with database.reading() as session, speaking("de"):
        assert [one.note for one in session.query(TemplateVersion).order_by(TemplateVersion.id)] == [
            "a note of mine",
            "Baustein „Hours“ Version 2",
        ]


def test_the_entries_of_the_gallery_are_chosen_in_the_language_of_the_reader() -> None:
    assert {one.name: (one.name, one.words) for one in gallery().templates} == IN_GALLERY
    with speaking("de"):
        assert [f"{one.name}" for one in starters()][:2] == ["Termin", "Schließung"]
