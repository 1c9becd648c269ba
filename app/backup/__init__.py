"""Backups: everything in one file that either database can be restored from, and a check of what is kept."""
