"""The smallest family of encoders: docs/extending.md names its files."""
