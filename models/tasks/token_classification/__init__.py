"""The task `token-classification`: entities in texts, such as aspects, with their types."""
