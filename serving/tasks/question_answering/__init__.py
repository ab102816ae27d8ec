"""Answers to questions about a text, as they are served."""
