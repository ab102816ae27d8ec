"""The sections of a page, one file each.

A section is a function of the facts of a run; it gives a `Section`, or None where it has nothing
to say of that run.
"""

_HERE = "reviewlens.pipeline.report.html.sections"

# `MODULE:FUNCTION`, in their order on the page.
SECTIONS = (
    f"{_HERE}.overview:overview",
    f"{_HERE}.data:data",
    f"{_HERE}.training:training",
    f"{_HERE}.results:results",
    f"{_HERE}.errors:errors",
    f"{_HERE}.decisions:decisions",
    f"{_HERE}.nodes:nodes",
    f"{_HERE}.configuration:configuration",
)
