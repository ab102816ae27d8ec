"""Text encoders: one folder a family, the catalog, and where they come from."""
