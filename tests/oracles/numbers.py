"""Exact fractions for oracles that try many values: the same arithmetic, compiled where that is installed."""

from __future__ import annotations

try:
    from quicktions import Fraction
except ImportError:
    from fractions import Fraction

__all__ = ["Fraction"]
