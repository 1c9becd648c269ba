"""Rows of Postroom's own downloads, as spreadsheet programs open them and save them again."""

from __future__ import annotations

EXPORT = [
    ["email", "name", "city", "note", "joined", "formula", "code"],
    ["ann@example.com", "Ann Okafor", "Málaga", 'He said "hi", then; left', "2026-05-01", "=1+1", "007"],
    ["bo@example.com", "Bo 👋🏽", "שלום", "one\ntwo", "2026-12-31", "+44 20 7946", "A-1"],
    ["cy@example.com", "O'Hara", "", "5 €", "", "@home", "0"],
    ["di@example.com", "'Di'", "York", "x", "2026-01-02", "'=quoted", "12345678901234567890"],
]
EXAMPLE = [
    ["email", "name", "renewal_date", "amount", "code"],
    ["ann@example.com", "Ann Example", "2027-01-31", "48.50", "A-1"],
]
