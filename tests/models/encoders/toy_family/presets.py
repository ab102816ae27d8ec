"""A family that the catalog shall list has its `PRESETS` here."""

from __future__ import annotations

PRESETS = ()
