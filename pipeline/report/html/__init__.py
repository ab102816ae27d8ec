"""The report of a run as a page, `report.html`."""
