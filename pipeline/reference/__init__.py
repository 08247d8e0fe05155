"""The networks of five course reports, trained here: what they reported beside what comes out.

`reports.csv` and `curves.csv` hold the figures that the reports printed; empty where they printed none.
"""
