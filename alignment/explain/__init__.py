"""Findings in plain sentences: counts, units, the worst item, and the teams that stand for each side."""
