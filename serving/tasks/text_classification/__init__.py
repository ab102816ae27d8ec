"""One class for a text, as it is served."""
