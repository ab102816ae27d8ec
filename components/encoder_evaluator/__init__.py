"""The node that judges a pre-trained encoder beside the one it started from."""
