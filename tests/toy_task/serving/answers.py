"""From answers to predictions."""

from __future__ import annotations

import dataclasses

OUTPUTS = ("share", "tags")


@dataclasses.dataclass(frozen=True)
class Tags:
    """The tags of one text."""

    tags: str
    share: float

    def cells(self):
        return [("tags", self.tags), ("odd", f"{self.share:.2f}")]

    def shown(self, text):
        return text

    def rows(self):
        return [{"predicted_tags": self.tags}]

    def at_least(self, confidence):
        return self

    def record(self):
        return {"predicted_tags": self.tags, "odd": round(self.share, 6)}


def read_arrays(outputs, labels):
    for tags, share in zip(outputs["tags"], outputs["share"], strict=True):
        yield Tags(tags.decode(), float(share))


def make_reader(model, ask, error):
    return _Reader(error)


class _Reader:
    def __init__(self, error):
        self._error = error

    async def read(self, inputs, reply):
        tags, shares = reply.tensors["tags"], reply.tensors["share"]
        if not len(inputs["text"]) == len(tags) == len(shares):
            raise self._error("the answers do not fit the texts")
        return [Tags(tag, share) for tag, share in zip(tags, shares, strict=True)]
