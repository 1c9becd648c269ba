"""Whether texts can be read, in both modes."""

from __future__ import annotations

import pytest

from app.emails.checks.colours import BLACK, WHITE, better, colour_of_attribute, contrast
from app.emails.checks.finding import Severity
from tests.emails.checks.mails import an_email, codes, found


def test_the_contrast_is_that_of_the_standard() -> None:
    grey = colour_of_attribute("#777777")
    assert grey is not None
    assert contrast(BLACK, WHITE) == 21
    assert contrast(grey, WHITE) == pytest.approx(4.48, abs=0.005)
    assert contrast(WHITE, WHITE) == 1


def test_a_pale_text_is_told_with_a_better_colour() -> None:
    finding = found(an_email('<p>One</p>\n<p style="color:#999999">Pale words</p>'), "contrast")
    assert (finding.severity, finding.line, finding.excerpt) == (Severity.WARNING, 6, "Pale words")
    assert "#999999 on #ffffff has a contrast of 2.8 to 1; it needs 4.5" in finding.words
    assert "darker" in finding.remedy


def test_for_white_words_on_a_button_it_is_the_background_that_should_change() -> None:
    button = '<a href="https://harbour.org/" style="color:#ffffff;background:#007bff">Pay now</a>'
    assert found(an_email(button), "contrast").remedy.startswith("Choose a darker background, for example #00")


@pytest.mark.parametrize(("text", "ground"), [("#999999", "#ffffff"), ("#555555", "#000000"), ("#ff0000", "#808080")])
def test_the_better_colour_is_good_enough(text: str, ground: str) -> None:
    one, other = colour_of_attribute(text), colour_of_attribute(ground)
    assert one is not None
    assert other is not None
    assert contrast(better(one, other, 4.5), other) >= 4.5


HARD_TO_READ = (
    '<div style="background:#222222"><p>Black on nearly black</p></div>',
    '<table role="presentation" bgcolor="#202020"><tr><td>Black on nearly black</td></tr></table>',
    '<font color="#bbbbbb">Pale</font>',
    '<p style="color:rgb(200 200 200)">Pale</p>',
    '<p style="color:rgba(0,0,0,.3)">Pale</p>',
    '<p style="color:hsl(0,0%,80%)">Pale</p>',
    '<p style="color:#777;font-size:23px">Large, but not enough</p>',
    '<p style="background:#dddddd url() ;color:#ffffff;background:#dddddd">Pale</p>',
    '<div style="background-color:#1a5fb4"><a href="https://harbour.org/">Blue by default</a></div>',
    '<div style="color:#ccc"><span style="color:inherit">Pale</span></div>',
)
EASY_TO_READ = (
    '<p style="color:#767676">Just enough</p>',
    '<p style="color:#949494;font-size:24px">Large</p>',
    '<p style="color:#949494;font-size:14pt"><b>Large and bold</b></p>',
    '<p style="color:#949494;font:bold 19px/1.4 Arial, sans-serif">Large and bold</p>',
    '<h1 style="color:#949494">Large by default</h1>',
    '<p style="color:#eee;background-image:url(a.png);background-color:#fff">On a picture</p>',
    '<div style="background:#222222"><p style="color:#ffffff">White on black</p></div>',
    '<div style="background:#222222;color:#ffffff"><table role="presentation" bgcolor="#eeeeee"><tr>'
    '<td style="color:#222222">Dark on light</td></tr></table></div>',
    '<p style="color:#eee;background:#fff url(https://harbour.org/a.png)">On a picture</p>',
    '<p style="color:#eee;background-image:linear-gradient(#000,#111)">On a gradient</p>',
    '<p style="color:#eee;display:none">Hidden</p>',
    '<div style="max-height:0;overflow:hidden;color:#fff">Hidden preheader</div>',
    '<div style="font-size:0;color:#fff">Hidden</div>',
    '<p style="color:#ddd">· – |</p>',
    '<p style="color:var(--ours)">Unknown</p>',
    '<p style="color:nonsense">Unknown</p>',
)


@pytest.mark.parametrize("inside", HARD_TO_READ)
def test_texts_that_are_hard_to_read_are_told(inside: str) -> None:
    assert "contrast" in codes(an_email(inside))


@pytest.mark.parametrize("inside", EASY_TO_READ)
def test_texts_that_can_be_read_are_left_alone(inside: str) -> None:
    assert "contrast" not in codes(an_email(inside))


def test_a_text_around_a_link_is_found_by_its_beginning() -> None:
    link = '<a href="mailto:a@harbour.org" style="color:#222222">Ask</a>'
    inside = f'<p>One</p>\n<p style="color:#999999">Questions? {link} us</p>'
    finding = found(an_email(inside), "contrast")
    assert (finding.line, finding.excerpt) == (6, "Questions?")


def test_the_same_colours_are_told_once() -> None:
    finding = found(
        an_email('<p style="color:#aaa">One</p><p style="color:#aaaaaa">Two</p><p style="color:#aaa">3</p>'), "contrast"
    )
    assert "“One” (and 2 more texts)" in finding.words


def test_styles_that_were_not_inlined_count_too() -> None:
    assert codes(an_email('<p class="small">Pale</p>', style=".small { color: #cccccc }")) == ["contrast"]
    own = '<p class="small" style="color:#222222">Dark</p>'
    assert codes(an_email(own, style=".small { color: #cccccc }")) == []
    assert codes(an_email(own, style=".small { color: #cccccc !important }")) == ["contrast"]


DARK = "@media (prefers-color-scheme: dark) {{ .sheet {{ background: #1e1e1e !important }} {0} }}"
SHEET = '<div class="sheet" style="background:#ffffff"><p style="color:#222222">Words</p></div>'


def test_dark_mode_is_looked_at_by_itself() -> None:
    finding = found(an_email(SHEET, style=DARK.format("")), "contrast_dark")
    assert "in dark mode: #222222 on #1e1e1e" in finding.words
    assert "lighter" in finding.remedy
    assert codes(an_email(SHEET, style=DARK.format(".sheet p { color: #eeeeee !important }"))) == []


def test_dark_rules_that_lose_against_the_elements_own_style_change_nothing() -> None:
    style = "@media (prefers-color-scheme: dark) { .sheet { background: #1e1e1e } }"
    assert codes(an_email(SHEET, style=style)) == []


def test_rules_for_light_mode_and_phones_are_not_taken_for_dark_ones() -> None:
    for media in ("(prefers-color-scheme: light)", "(max-width: 600px)", "not (prefers-color-scheme: dark)", "print"):
        assert codes(an_email(SHEET, style=f"@media {media} {{ p {{ color: #eee !important }} }}")) == []


def test_a_tiny_text_is_hinted_at() -> None:
    finding = found(an_email('<p>One</p>\n<p style="font-size:10px">Small print</p>'), "text_tiny")
    assert (finding.severity, finding.line) == (Severity.HINT, 6)
    assert "10 pixels" in finding.words
    for size in ("12px", "9pt", "0.75em", "75%", "small"):
        assert codes(an_email(f'<p style="font-size:{size}">Small print</p>')) == []
