"""One class for a text, in the nodes."""
