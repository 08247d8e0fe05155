"""The networks of five course reports, trained here: reported figures beside ours.

`reports.csv` and `curves.csv` hold the figures that the reports give; cells without one are empty.
"""
