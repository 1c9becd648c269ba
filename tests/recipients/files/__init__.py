"""Files as people have them, the nasty ones among them: each with what it must be read as, or the words it is met with.

Most are made here rather than kept as bytes, so that each says what is odd about it. Workbooks come from openpyxl and
odfpy, which write what Excel and LibreOffice read; those in the folder `libreoffice` LibreOffice wrote itself.
"""

from __future__ import annotations

from tests.recipients.files.cards import CARDS
from tests.recipients.files.libre_office import LIBRE_OFFICE
from tests.recipients.files.no_tables import NO_TABLES
from tests.recipients.files.text_files import TEXT_FILES
from tests.recipients.files.workbooks import WORKBOOKS

FILES = [*TEXT_FILES, *NO_TABLES, *WORKBOOKS, *CARDS, *LIBRE_OFFICE]
