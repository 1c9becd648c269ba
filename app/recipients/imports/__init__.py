"""Bringing a file into a list: staged, checked, mended, counted, done, and taken back."""
