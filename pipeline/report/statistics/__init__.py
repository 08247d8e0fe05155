"""What the figures of a sweep show, and with what certainty."""
