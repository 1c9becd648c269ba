"""Postroom: templated transactional e-mail, right the first time."""

from __future__ import annotations

from pathlib import Path

from flask import Blueprint, Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from app.settings import Settings

ROOT = Path(__file__).parent.parent
UPLOAD_LIMIT = 16 * 1024 * 1024
"""Bytes of one request: a 10 MiB file with its form around it, and room for a clear answer to a larger one."""


def create_app(settings: Settings) -> Flask:
    """Put the parts together: the one place that knows them all."""
    from app.web.errors import install_errors
    from app.web.filters import install_filters
    from app.web.hosts import install_host_check
    from app.web.language import install_language
    from app.web.numbers import install_numbers
    from app.web.origin import install_origin
    from app.web.request import install_session
    from app.web.request_log import install_request_log
    from app.web.rights import install_rights
    from app.web.same_origin import install_same_origin
    from app.web.security import cookie_settings, install_headers
    from app.web.services import Services
    from app.web.sign_in import check_marks, install_sign_in

    app = Flask("app", template_folder=str(ROOT / "templates"), static_folder=str(ROOT / "static"))
    app.config.update(
        SECRET_KEY=settings.secret_key,
        MAX_CONTENT_LENGTH=UPLOAD_LIMIT,
        MAX_FORM_MEMORY_SIZE=UPLOAD_LIMIT,
        **cookie_settings(settings),
        WTF_CSRF_TIME_LIMIT=None,  # a form may stay open all day; the token ends with the session
        SEND_FILE_MAX_AGE_DEFAULT=3600,
    )
    app.url_map.strict_slashes = False
    if settings.proxies:  # else anybody could say from where they come
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.proxies, x_proto=settings.proxies)  # type: ignore[method-assign]
    app.extensions["postroom"] = Services.of(settings)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True

    install_numbers(app)
    install_request_log(app)
    install_origin(app)
    install_host_check(app)
    install_same_origin(app)
    install_session(app)
    install_headers(app)
    install_filters(app)
    install_errors(app)
    install_language(app)
    install_sign_in(app)
    install_rights(app)
    for blueprint in _blueprints():
        app.register_blueprint(blueprint)
    check_marks(app)
    # There nobody is signed in; the reference in the address is the key.
    app.extensions["csrf"].exempt(app.blueprints["unsubscribe"])
    return app


def _blueprints() -> tuple[Blueprint, ...]:
    from app.audit.views import blueprint as audit
    from app.emails.views import blueprint as emails
    from app.people.views import blueprint as people
    from app.people.views.factor_blueprint import blueprint as factors
    from app.recipients.views import blueprint as recipients
    from app.recipients.views.segments import blueprint as segments
    from app.recipients.views.topics import blueprint as topics
    from app.recipients.views.unsubscribe import blueprint as unsubscribe
    from app.sends.views import blueprint as sends
    from app.sends.views.bad_addresses import blueprint as suppressions
    from app.web.language_views import blueprint as web
    from app.web.security_txt import blueprint as security_txt

    return (
        web,
        people,
        factors,
        audit,
        emails,
        recipients,
        segments,
        topics,
        suppressions,
        sends,
        unsubscribe,
        security_txt,
    )
