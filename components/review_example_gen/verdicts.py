"""What is decided about a row whose text others have, too."""

# A row of which nothing else is said stays, and its text has one grade.
STAYS = 0
# It goes: a later copy, of a text of one kind or of several.
DUPLICATE, MERGED = 1, 2
# It goes: its text is of several kinds, or of several of which none is the most frequent.
CONTRADICTORY, TIED = 3, 4
# It stays for a text of several grades of one kind; of several kinds; of such as tie.
GRADED, OF_MAJORITY, UNDECIDED = 5, 6, 7
