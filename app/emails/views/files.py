"""The files of a template, and the images of a layout or snippet: adding, removing, showing them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flask import Response, flash, jsonify, redirect, render_template, request, url_for
from werkzeug.datastructures import FileStorage

from app.cloudflare.inline_images import IN_TEXT
from app.emails import piece_images, pieces, template_files, templates
from app.emails.content import TemplateFile
from app.emails.files import contents_of, size_as_sent
from app.emails.models import Piece, Template
from app.emails.views.blueprint import Page, blueprint
from app.people.roles import Permission
from app.refusals import NotThere, Refused
from app.web.request import db, is_htmx, may, me
from app.words import _, _n

KINDS = {"inline": True, "attachment": False}
Add = Callable[[str, bytes, bool | None], TemplateFile]
"""Adds a file by its name and its bytes: shown in the text, attached, or (None) as fits it."""


@blueprint.app_context_processor
def _words() -> dict[str, object]:
    return {
        "files_with_draft": lambda template: template_files.files_with_draft(db(), template),
        "size_of_files": lambda files: size_as_sent(one.size for one in files),
        "can_be_shown": template_files.can_be_shown,
    }


@blueprint.get("/<int:template_id>/files")
@may(Permission.WRITE)
def files(template_id: int) -> Page:
    """Give the part of the editor that lists the files, for instance after one was dropped into the text."""
    template = templates.find_template(db(), me(), template_id)
    return render_template("emails/_files.html", template=template) if is_htmx() else redirect(_editor_of(template))


@blueprint.post("/<int:template_id>/files")
@may(Permission.WRITE)
def add_files(template_id: int) -> Page:
    """Add files to a draft. A program that asks for JSON (the editor, when a file is dropped) sends one."""

    def add(name: str, content: bytes, inline: bool | None) -> TemplateFile:
        return template_files.add_template_file(db(), me(), template_id, name, content, inline)

    return _add(templates.find_template(db(), me(), template_id), add)


@blueprint.post("/<int:template_id>/files/<sha256>/remove")
@may(Permission.WRITE)
def remove_template_file(template_id: int, sha256: str) -> Page:
    """Take a file out of a draft."""
    template = templates.find_template(db(), me(), template_id)
    removed = template_files.remove_template_file(db(), me(), template_id, sha256)
    return _answer(template, _("“%(name)s” is removed. Published versions keep it.", name=removed.name), [])


@blueprint.post("/<int:template_id>/files/<sha256>/kind")
@may(Permission.WRITE)
def change_file_kind(template_id: int, sha256: str) -> Page:
    """Show a picture within the text, or attach it."""
    template = templates.find_template(db(), me(), template_id)
    inline = KINDS.get(request.form.get("kind", ""), False)
    try:
        changed = template_files.change_file_kind(db(), me(), template_id, sha256, inline=inline)
    except Refused as refusal:
        return _answer(template, "", [refusal.words])
    done = (
        _("“%(name)s” is now shown in the text.", name=changed.name)
        if inline
        else _("“%(name)s” is now attached.", name=changed.name)
    )
    return _answer(template, done, [])


@blueprint.get("/<int:template_id>/files/<content_id>")
@may(Permission.LOOK)
def picture(template_id: int, content_id: str) -> Response:
    """Give a picture of a draft."""
    return _picture(templates.find_template(db(), me(), template_id).draft.files, content_id)


@blueprint.get("/versions/<int:version_id>/files/<content_id>")
@may(Permission.LOOK)
def version_picture(version_id: int, content_id: str) -> Response:
    """Give a picture of a version."""
    return _picture(templates.find_version(db(), me(), version_id).files, content_id)


@blueprint.get("/pieces/<int:piece_id>/images")
@may(Permission.WRITE)
def piece_images_part(piece_id: int) -> Page:
    """Give the part of the editor that lists the images of a layout or snippet."""
    piece = pieces.find_piece(db(), me(), piece_id)
    return render_template("emails/_files.html", piece=piece) if is_htmx() else redirect(_editor_of(piece))


@blueprint.post("/pieces/<int:piece_id>/images")
@may(Permission.WRITE)
def add_piece_images(piece_id: int) -> Page:
    """Add images to the draft of a layout or snippet, as `add_files` does to a template's."""

    def add(name: str, content: bytes, _inline: bool | None) -> TemplateFile:
        return piece_images.add_piece_image(db(), me(), piece_id, name, content)

    return _add(pieces.find_piece(db(), me(), piece_id), add)


@blueprint.post("/pieces/<int:piece_id>/images/<sha256>/remove")
@may(Permission.WRITE)
def remove_piece_image(piece_id: int, sha256: str) -> Page:
    """Take an image out of the draft of a layout or snippet."""
    removed = piece_images.remove_piece_image(db(), me(), piece_id, sha256)
    words = _("“%(name)s” is removed. Published versions keep it.", name=removed.name)
    return _answer(pieces.find_piece(db(), me(), piece_id), words, [])


@blueprint.get("/pieces/<int:piece_id>/images/<content_id>")
@may(Permission.LOOK)
def piece_picture(piece_id: int, content_id: str) -> Response:
    """Give an image of the draft of a layout or snippet."""
    return _picture(pieces.find_piece(db(), me(), piece_id).draft_images, content_id)


def _add(owner: Template | Piece, add: Add) -> Page:
    """Add the files that were sent; each is taken or refused for itself."""
    uploads = [one for one in request.files.getlist("file") if one.filename]
    if request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json":
        return _add_for_editor(uploads, add)
    added: list[str] = []
    problems: list[str] = [] if uploads else [_("Choose a file first.")]
    inline = None if request.form.get("in_text") == "yes" else False
    for upload in uploads:
        try:
            added.append(add(upload.filename or "", upload.stream.read(), inline).name)
        except Refused as refusal:
            problems.append(refusal.words)
    db().commit()  # what could be added stays, whatever the others were
    done = _n("%(names)s is added.", "%(names)s are added.", len(added), names=_listed(added)) if added else ""
    return _answer(owner, done, problems)


def _add_for_editor(uploads: Sequence[FileStorage], add: Add) -> Page:
    if not uploads:
        return jsonify(words=_("Choose a file first.")), 422  # type: ignore[return-value]
    try:
        made = add(uploads[0].filename or "", uploads[0].stream.read(), KINDS.get(request.form.get("kind", "")))
    except Refused as refusal:
        return jsonify(words=refusal.words), 422  # type: ignore[return-value]
    words = (
        _("“%(name)s” is shown in the text.", name=made.name)
        if made.content_id
        else _("“%(name)s” is attached.", name=made.name)
    )
    return jsonify(content_id=made.content_id, name=made.name, media_type=made.media_type, words=words)


def _answer(owner: Template | Piece, done: str, problems: Sequence[str]) -> Page:
    """Answer with the part of the page that lists the files; without htmx with the editor again."""
    status = 422 if problems else 200
    if is_htmx():
        of = {"piece": owner} if isinstance(owner, Piece) else {"template": owner}
        part = render_template("emails/_files.html", **of, file_words=done, file_problems=problems)
        answer = Response(part, status)
        answer.headers["HX-Trigger-After-Settle"] = "filesChanged"
        return answer
    if done:
        flash(done)
    for words in problems:
        flash(words, "bad")
    return redirect(_editor_of(owner))


def _editor_of(owner: Template | Piece) -> str:
    if isinstance(owner, Piece):
        return url_for("emails.edit_piece", piece_id=owner.id, _anchor="files")
    return url_for("emails.edit", template_id=owner.id, _anchor="files")


def _picture(of: Sequence[TemplateFile], content_id: str) -> Response:
    found = template_files.picture_of(of, content_id)
    if found.media_type not in IN_TEXT:
        raise NotThere("picture")
    answer = Response(contents_of(db(), [found.sha256])[found.sha256], mimetype=found.media_type)
    answer.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Cache-Control"] = "private, max-age=300"
    return answer


def _listed(names: Sequence[str]) -> str:
    quoted = [str(_("“%(name)s”", name=name)) for name in names]
    if len(quoted) == 1:
        return quoted[0]
    return _("%(names)s and %(last)s", names=", ".join(quoted[:-1]), last=quoted[-1])
