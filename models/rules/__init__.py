"""Rules that judge a training by what is seen of it; no library but NumPy is needed."""
