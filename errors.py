"""What can go wrong that a user can put right.

Every room may raise these. The command line prints their message alone, without
a traceback, so a message says what was wrong, where, and what would be right.
"""


class ReviewlensError(Exception):
    """A problem that the person running reviewlens can solve.

    Attributes:
        exit_code: What the command line exits with.
    """

    exit_code = 1


class RunError(ReviewlensError):
    """A run failed because of its data, its encoder, its files or its machine."""


class UsageError(ReviewlensError):
    """A command or a configuration asks for something that does not exist."""

    exit_code = 2
