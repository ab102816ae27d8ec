"""The features of a segment, as `transform` of the second graph writes them."""

from __future__ import annotations

# Token ids of the whole segment, start and end included.
TOKENS = "tokens"
# How many of them are before the second part of a pair; 0 where there is none.
SECOND = "second"
# 0 where the second part follows the first one, 1 where it is of another document, -1 of no pair.
RANDOM_NEXT = "random_next"
NO_PAIR = -1
