"""What a program reads in a page."""

from __future__ import annotations

import html.parser
import json


class Page(html.parser.HTMLParser):
    """The elements of a page, and the values of `summary.json` that it shows."""

    def __init__(self, page: str):
        super().__init__()
        self.text = page
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.values: list[tuple[str, float]] = []
        self.sections: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        found = dict(attrs)
        if tag == "section":
            self.sections.append(found["id"])
        if "data-key" in found:
            self.values.append((found["data-key"], json.loads(found["data-value"])))

    def differing(self, summary: dict) -> list[str]:
        """The keys of what the page shows otherwise than the summary has it."""
        from reviewlens.pipeline.report.html.blocks import value_at

        return [key for key, value in self.values if value_at(summary, key) != value]
