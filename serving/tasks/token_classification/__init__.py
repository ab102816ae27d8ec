"""Entities of a text, as they are served."""
