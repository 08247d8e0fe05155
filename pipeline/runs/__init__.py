"""All that is known of a run's files: what they hold, who writes them, and how they are read."""
