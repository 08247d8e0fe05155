"""The contents of five course reports: networks, settings, figures and curves."""
