"""The lower and the upper end of an interval rule as SQL: doubles, infinite where there is none, all closed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from alignment.rules.algebra import tree_of
from alignment.rules.normal import Normal, Ray
from alignment.rules.render import render
from alignment.rules.ruleset import Checked

Columns = Mapping[str, str]


def is_bound(rule: Checked) -> bool:
    """Is what a rule allows one interval of its lever on every item?"""
    return isinstance(rule.form, Normal) and rule.form.lever is not None and rule.form.rays is not None


def rays_of(rule: Checked) -> tuple[Ray, ...]:
    """The sides that an interval rule forbids."""
    return (rule.form.rays or ()) if isinstance(rule.form, Normal) else ()


def end_sql(rule: Checked, side: Literal["floor", "ceiling"], casts: Columns, columns: Columns | None = None) -> str:
    """SQL of the rule's lower or upper end.

    casts: number columns as finite doubles. columns: what to write for columns in conditions, by default themselves.
    """
    absent, extreme = ("-infinity", "greatest") if side == "floor" else ("infinity", "least")
    none = f"cast('{absent}' as double)"
    ends = [_ray_sql(rule, ray, none, casts, columns or {}) for ray in rays_of(rule) if ray.side == side]
    return f"{extreme}({', '.join([*ends, none])})" if ends else none


def _ray_sql(rule: Checked, ray: Ray, none: str, casts: Columns, columns: Columns) -> str:
    bound = f"cast({render(tree_of(ray.bound), casts)} as double)"
    when = f" and coalesce({render(ray.when, columns)}, false)" if ray.when is not None else ""
    return f"coalesce(case when {applies_sql(rule, columns)}{when} then {bound} end, {none})"


def applies_sql(rule: Checked, columns: Columns | None = None) -> str:
    """SQL that is TRUE for the items in scope of a rule, else FALSE."""
    return "true" if rule.rule.scope is None else f"coalesce({render(rule.rule.scope, columns)}, false)"
