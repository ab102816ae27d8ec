"""A task that the product does not know."""
