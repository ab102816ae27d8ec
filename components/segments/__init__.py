"""Segments: what an encoder reads at a time while it is pre-trained."""
