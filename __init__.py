"""reviewlens: from a file of product reviews to a served sentiment model."""

__version__ = "0.1.0"
