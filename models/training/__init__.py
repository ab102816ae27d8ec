"""The loop of a training and what it is made of."""
