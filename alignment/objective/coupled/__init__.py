"""Pair and aggregate rules in the behaviour: what the model and the goals choose for all items together."""
