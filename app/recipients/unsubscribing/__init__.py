"""Saying no: links, kinds of notice, and what the page for it says."""
