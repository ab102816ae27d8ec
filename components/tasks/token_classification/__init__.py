"""Finding named entities and aspects in a text: what the nodes ask about it."""
