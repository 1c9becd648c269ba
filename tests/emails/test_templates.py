"""Templates: drafts nobody loses, versions that never change, a preview that shows what is wrong in its place."""

from __future__ import annotations

import html
import re
import tracemalloc

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.emails import publishing, templates
from app.emails.assembling import Pieces
from app.emails.content import content_of
from app.emails.models import Template
from app.people.models import Person
from app.refusals import NotThere, Refused


@pytest.fixture
def template(session: Session, actor: Person) -> Template:
    made = templates.create_template(session, actor, "Reminder")
    session.commit()
    return made


def form(**change: str) -> dict[str, str]:
    return {
        "number": "1",
        "subject": "Hello",
        "body": "<p>Hello</p>",
        "text": "",
        **change,
    }


def test_a_save_over_somebody_elses_is_refused_and_keeps_the_text(client: FlaskClient, template: Template) -> None:
    assert client.post(f"/templates/{template.id}", data=form(body="<p>theirs</p>")).status_code == 302
    answer = client.post(f"/templates/{template.id}", data=form(body="<p>my long text</p>"))
    assert answer.status_code == 422
    assert "Somebody else saved this template meanwhile" in answer.text
    assert "my long text" in answer.text


def stands_on(page: str) -> str:
    found = re.search(r'name="number"[^>]*value="(\d+)"', page)
    assert found, page
    return found.group(1)


def test_the_second_save_puts_mine_in_its_place(client: FlaskClient, template: Template) -> None:
    client.post(f"/templates/{template.id}", data=form(body="<p>theirs</p>"))
    refused = client.post(f"/templates/{template.id}", data=form(body="<p>mine</p>"))
    again = client.post(f"/templates/{template.id}", data=form(body="<p>mine</p>", number=stands_on(refused.text)))
    assert again.status_code == 302
    assert "&lt;p&gt;mine&lt;/p&gt;" in client.get(f"/templates/{template.id}").text


def check_and_publish(client: FlaskClient, template: Template, **change: str) -> TestResponse:
    """Press the editor's button with what is typed, then the one of the page that it leads to."""
    saved = client.post(f"/templates/{template.id}", data=form(action="publish", **change))
    assert saved.location == f"/templates/{template.id}/publish", saved.text
    return client.post(saved.location, data={"note": "for the autumn"})


def test_after_a_refused_publish_the_mended_draft_can_be_published(client: FlaskClient, template: Template) -> None:
    refused = check_and_publish(client, template, body="{% if")
    assert refused.status_code == 422
    assert 'value="for the autumn"' in refused.text
    assert check_and_publish(client, template, body="<p>Hello</p>", number="2").status_code == 302


@pytest.mark.parametrize(
    "body",
    [
        "{{ 9 ** (9 ** 9) }}",
        "{{ 'x' * 10 ** 10 }}",
        "{% if 9 ** (9 ** 9) %}x{% endif %}",
        "{{ ('x' * 10 ** 9) | upper }}",
    ],
)
def test_publishing_works_nothing_out(body: str) -> None:
    tracemalloc.start()  # the first and third would never end; the others would take gigabytes
    try:
        assert publishing.make_ready(content_of("s", body), Pieces()).variables == ()
        assert tracemalloc.get_traced_memory()[1] < 50_000_000
    finally:
        tracemalloc.stop()


def test_a_draft_that_takes_for_ever_to_prepare_is_a_problem(client: FlaskClient, template: Template) -> None:
    answer = check_and_publish(client, template, body="<p>x</p>{% raw %}" + "{{" * 120_000 + "{% endraw %}")
    assert answer.status_code == 422
    assert "takes too long" in answer.text


@pytest.mark.parametrize(
    ("begin", "end", "times"), [("{% for i in [1] %}", "{% endfor %}", 25), ("{% if 1 %}", "{% endif %}", 110)]
)
def test_too_deep_nesting_is_a_problem_and_no_failure(
    client: FlaskClient, template: Template, begin: str, end: str, times: int
) -> None:
    body = begin * times + end * times
    previewed = client.post(f"/templates/{template.id}/preview", data=form(body=body))
    for answer in (previewed, check_and_publish(client, template, body=body)):
        assert "nested too deeply" in answer.text


@pytest.mark.parametrize("change", [{"preview_list": "99"}, {"preview_list": "9" * 30}])
def test_a_preview_with_somebody_who_is_not_there_uses_the_sample(
    client: FlaskClient, template: Template, change: dict[str, str]
) -> None:
    answer = client.post(f"/templates/{template.id}/preview", data=form(**change))
    assert answer.status_code == 200
    assert "the examples, because" in answer.text


def test_the_preview_says_which_styles_stay_as_written(client: FlaskClient, template: Template) -> None:
    body = "<style>.good { color: green }</style><p class='{{ email }}'>x</p>"
    answer = client.post(f"/templates/{template.id}/preview", data=form(body=body))
    assert "The styles were kept as written" in answer.text


@pytest.mark.parametrize(
    ("change", "words"),
    [({"subject": "x" * 1_000_001}, "longer than 1,000,000"), ({"body": "<p>a\0b</p>"}, "null character")],
)
def test_what_cannot_be_stored_is_refused_with_words(
    client: FlaskClient, template: Template, change: dict[str, str], words: str
) -> None:
    answer = client.post(f"/templates/{template.id}", data=form(**change))
    assert answer.status_code == 422
    assert words in answer.text


def test_the_same_name_twice_is_refused_in_any_alphabet(client: FlaskClient) -> None:
    assert client.post("/templates/new", data={"name": "Übung"}).status_code == 302
    assert client.post("/templates/new", data={"name": "Übung"}).status_code == 422


def test_published_versions_never_change(session: Session, actor: Person, template: Template) -> None:
    first = publishing.publish(session, actor, template.id)
    draft = content_of("Other", "<p>{{ new }}</p>")
    templates.save_draft(session, actor, template.id, draft, number=template.draft_number)
    second = publishing.publish(session, actor, template.id, "shorter")
    assert (first.number, first.variables) == (1, ["first_name"])
    assert (second.number, second.variables, second.note) == (2, ["new"], "shorter")
    assert "Dear {{ first_name }}" in first.content.main.body


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"body": "<p>{% if x %}</p>"}, "Body, line 1: the template cannot be read"),
        ({"subject": " "}, "Subject: write a subject."),
        ({"body": ""}, "Body: write the e-mail, or a text."),
        ({"header_name": "Date", "header_value": "now"}, "the mail service sets it by itself"),
        ({"header_name": "List-Unsubscribe", "header_value": "<http://example.com>"}, "must begin with https://"),
        ({"header_name": "Colour", "header_value": "red"}, "does not take the header Colour"),
    ],
)
def test_what_cannot_be_published_is_said_and_kept(
    client: FlaskClient, template: Template, change: dict[str, str], words: str
) -> None:
    answer = check_and_publish(client, template, **change)
    assert answer.status_code == 422
    assert words in answer.text
    page = html.unescape(client.get(f"/templates/{template.id}").text)
    for value in change.values():
        assert value.strip() in page


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("<p>{{ nobody_gives_this }}</p>", "there is no value for nobody_gives_this"),
        (
            "{% for a in range(999) %}{% for b in range(999) %}{% for c in range(999) %}"
            "{% endfor %}{% endfor %}{% endfor %}",
            "too long",
        ),
        ("{{ ''.__class__ }}", "not allowed"),
    ],
)
def test_the_preview_says_what_is_wrong(client: FlaskClient, template: Template, body: str, words: str) -> None:
    answer = client.post(f"/templates/{template.id}/preview", data=form(body=body))
    assert answer.status_code == 200
    assert words in answer.text


def test_what_is_missing_shows_in_its_place(client: FlaskClient, template: Template) -> None:
    answer = client.post(f"/templates/{template.id}/preview", data=form(body="<p>Dear {{ title }}</p>"))
    assert "Dear [title missing]" in answer.text


def test_the_paper_of_the_preview_is_blank_and_lets_nothing_run(client: FlaskClient) -> None:
    paper = client.get("/templates/paper")
    policy = paper.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox allow-same-origin; default-src 'none'; ")
    assert "script" not in policy, "and so no script of any kind, because of default-src"
    assert "img-src data:;" in f"{policy};"
    assert "https:" in client.get("/templates/paper?images=yes").headers["Content-Security-Policy"]
    assert paper.text.startswith("<!doctype html>")
    assert not client.get("/templates/paper?old=yes").text.startswith("<!doctype")


def test_names_are_free_or_refused(session: Session, actor: Person, template: Template) -> None:
    for name in ("", "  ", "REMINDER", "x" * 201):
        with pytest.raises(Refused):
            templates.create_template(session, actor, name)


def test_another_workspace_sees_nothing(session: Session, template: Template) -> None:
    class Stranger:
        id, workspace_id = 1, 999

    with pytest.raises(NotThere):
        templates.find_template(session, Stranger(), template.id)
    assert templates.templates(session, Stranger()) == []
