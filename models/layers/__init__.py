"""What stands between the matrix products of an encoder, and after it."""
