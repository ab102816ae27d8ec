"""What is not said of how files are written, found by looking into them."""

from .settling import Settled, settle_dialects

__all__ = ["Settled", "settle_dialects"]
