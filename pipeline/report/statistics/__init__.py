"""What the figures of a sweep say, and how sure that is."""
