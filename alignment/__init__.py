"""Accord's domain: what teams recorded, which rules contradict each other, and whether the objective maps to the goals."""
