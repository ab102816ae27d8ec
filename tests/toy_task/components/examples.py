"""From a row to its feature `letters`, how many characters its text has."""

from __future__ import annotations

from reviewlens.components.review_example_gen.reviews import Targets


def make_maker(settings):
    return _Maker()


class _Maker:
    def make(self, values, text, decimal=None):
        return Targets({"letters": len(text)})
