"""The node that judges a pre-trained encoder beside the one that it started from."""
