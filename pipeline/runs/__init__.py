"""A run's files: what they hold, how they are written and how they are read."""
