"""The n-gram classifier: word and character n-grams of a text, hashed, and what follows of each."""
