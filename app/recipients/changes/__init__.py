"""Changes of many people of a list at once, and of its columns; each can be undone."""
