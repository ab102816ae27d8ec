"""Rules that watch a training, and who judges by them."""
