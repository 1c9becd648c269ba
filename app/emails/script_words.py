"""What the scripts of the editor say; the pages carry it as `data-words`, in the reader's language."""

from __future__ import annotations

from app.words import _, _p


def editor_words() -> dict[str, str]:
    """Give the words of `static/editor.js` and its modules; they fill in `%(name)s`, CodeMirror the $."""
    return {
        **_search_words(),
        "help": _(
            "Tab leaves the editor. Control and right square bracket moves a line in, "
            "Control and left square bracket moves it out. "
            "Control and Space shows suggestions, Escape closes them. F8 goes to the next problem."
        ),
        "completions": _("Completions"),
        "problems": _("Diagnostics"),
        "noProblems": _("No diagnostics"),
        "selectionDeleted": _("Selection deleted"),
        "controlCharacter": _("Control character"),
        "placeWords": _p("to be written over", "Words"),
        "placeHeading": _p("to be written over", "Heading"),
        "tagIf": _("only when something is so"),
        "tagElif": _("or else, when something else is so"),
        "tagElse": _("in every other case"),
        "tagEndif": _("end of the condition"),
        "tagFor": _("once for each of several"),
        "tagEndfor": _("end of the loop"),
        "tagSet": _("give a value a name"),
        "tagInclude": _("put a snippet here"),
        "noVariables": _("No variables yet"),
        "howToMakeOne": _("Type {{ name }} in the text to make one"),
        "noSnippets": _("No snippets yet"),
        "noImages": _("No images yet"),
        "into": _("Into %(field)s"),
        "snippets": _("Snippets"),
        "images": _("Images"),
        "uploadAnImage": _("Upload an image…"),
        "notUploaded": _("%(name)s could not be uploaded."),
        "connectionFailed": _("%(name)s could not be uploaded: the connection failed. Try again."),
        "uploading": _("Uploading %(name)s…"),
        "imageIn": _("%(name)s is in the text. Write there what it shows, for people who cannot see it."),
        "imagesIn": _("%(count)s images are in the text. Write there what each shows, for people who cannot see it."),
        "onlyImages": _("Only images go into the text. A template takes other files as attachments."),
    }


def _search_words() -> dict[str, str]:
    """Give the words of the panels for searching and for going to a line."""
    return {
        "find": _("Find"),
        "replace": _("Replace"),
        "next": _p("the next place", "Next"),
        "previous": _p("the next place", "Previous"),
        "all": _p("all places", "All"),
        "replaceThis": _("Replace this"),
        "replaceAll": _("Replace all"),
        "sameCapitals": _("Same capitals"),
        "pattern": _("Pattern"),
        "wholeWords": _("Whole words"),
        "close": _p("small", "close"),
        "currentMatch": _("current match"),
        "onLine": _("on line"),
        "replacedMany": _("replaced $ matches"),
        "replacedOne": _("replaced match on line $"),
        "goToLine": _("Go to line"),
        "go": _("go"),
    }


def frame_words() -> dict[str, str]:
    """Give the titles that `static/frames.js` gives its frames."""
    return {"desktop": _("HTML of the e-mail"), "phone": _("HTML of the e-mail on a phone")}
