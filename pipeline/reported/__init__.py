"""What five course reports reported: networks, settings, figures and curves."""
