"""What Transform adds: a tag for each token, ragged as the tokens are."""

from __future__ import annotations


def transform(inputs, tokens, tokenizer):
    return {"odd": tokens.with_values(tokens.values % 2)}
