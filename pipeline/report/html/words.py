"""Values in the words of a person."""

from __future__ import annotations


def duration(seconds: float) -> str:
    """Says how long something took.

    Args:
        seconds: It took.

    Example:
        >>> duration(0.318), duration(48.2), duration(200), duration(7322)
        ('0.3 s', '48 s', '3 min 20 s', '2 h 2 min')
    """
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600:,} h {whole % 3600 // 60} min"


def megabytes(value: float) -> str:
    """Says how much memory something takes.

    Args:
        value: MB.

    Example:
        >>> megabytes(812), megabytes(2345)
        ('812 MB', '2.3 GB')
    """
    return f"{value:,.0f} MB" if value < 1000 else f"{value / 1000:,.1f} GB"


def millions(count: int) -> str:
    """Says about how many there are, where nobody counts the last ones.

    Args:
        count: How many.

    Example:
        >>> millions(22713216), millions(14208)
        ('22.7 M', '14,208')
    """
    return f"{count / 1e6:,.1f} M" if count >= 1_000_000 else f"{count:,}"


def counted(count: int, one: str, many: str = "") -> str:
    """Says how many there are of something.

    Args:
        count: How many.
        one: What one of them is called.
        many: What several are called; by default with an s.

    Example:
        >>> counted(1, "finding"), counted(1200, "row"), counted(0, "class", "classes")
        ('1 finding', '1,200 rows', '0 classes')
    """
    return f"{count:,} {one if count == 1 else many or one + 's'}"
