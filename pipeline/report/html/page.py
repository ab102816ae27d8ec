"""The page itself: one file that opens without a network, and runs nothing."""

from __future__ import annotations

import functools
import logging
import os
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ....files.whole_file import whole_file
from ...nodes import load
from .blocks import Paragraph, Section
from .facts import RunFacts
from .sections import SECTIONS
from .texts import presentable

if TYPE_CHECKING:
    from jinja2 import Environment

REPORT = "report.html"

_LOG = logging.getLogger(__name__)
# What no page can hold, or no file.
_UNFIT = re.compile("[\x00\ud800-\udfff]")


def write_report(facts: RunFacts, path: str) -> None:
    """Writes the report of a run, whole or not at all.

    Args:
        facts: Of the run.
        path: Of the page.

    Raises:
        RunError: It cannot be written.
    """
    page = render_page(_title(facts), make_sections(facts))
    with whole_file(path) as file:
        file.write(page)


def make_sections(facts: RunFacts, functions: Iterable[str] = SECTIONS) -> list[Section]:
    """Asks each section what it has to say.

    Args:
        facts: Of the run.
        functions: `MODULE:FUNCTION` of each.

    Returns:
        Those that have something to say; one that failed says so in its place.
    """
    sections = []
    for function in functions:
        try:
            section = load(function)(facts)
        except Exception as error:
            _LOG.exception("%s has failed", function)
            name = function.rpartition(":")[2]
            told = f"This part could not be made: {type(error).__name__}: {error}"
            section = Section(name, name.capitalize(), (Paragraph(presentable(told), "bad"),))
        if section is not None:
            sections.append(section)
    return sections


def render_page(title: str, sections: Iterable[Section]) -> str:
    """Makes the page.

    Args:
        title: Its heading.
        sections: In their order.

    Returns:
        HTML. Whatever stands in a block is text there, never markup, but for the SVG of figures.
    """
    page = _environment().get_template("page.html").render(title=title, sections=list(sections))
    # The keys of values are as the summary has them, whatever a slice is called.
    return _UNFIT.sub("\N{REPLACEMENT CHARACTER}", page)


def _title(facts: RunFacts) -> str:
    # A pipeline that was run without a configuration has none.
    name = (facts.summary.get("config") or {}).get("name")
    return str(name or os.path.basename(os.path.abspath(facts.output)))


@functools.cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader(__package__, "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["presentable"] = presentable
    return environment
