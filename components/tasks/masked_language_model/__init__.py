"""Guessing the words that are masked in a text: what an encoder is pre-trained by."""
