"""Checks of a written e-mail: what is wrong with it or could be better, where, and how to mend it. Pure functions."""
