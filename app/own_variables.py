"""The variables that every e-mail has of Postroom itself: no column of a list and no hint of a template is one."""

from __future__ import annotations

UNSUBSCRIBE_URL = "unsubscribe_url"
"""The page on which the recipient stops e-mails; there is one as soon as Postroom has a public address."""
OWN_VARIABLES = frozenset({"email", "name", UNSUBSCRIBE_URL})
