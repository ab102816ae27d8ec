"""Finding the answer to a question in a text: what the nodes ask about it."""
