"""Random rules over the lever `x` and the columns `a`, `b`, `c`, as texts, and random rows for them."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import strategies as st

NUMBERS = ("0", "1", "2", "3", "0.5", "1.08", "0.1", "-1", "-2")
COMPARISONS = ("<", "<=", ">", ">=", "=", "<>")
CELLS = (None, Decimal(-2), Decimal(-1), Decimal(0), Decimal("0.1"), Decimal(1), Decimal("1.5"), Decimal(2), Decimal(3))

numbers = st.sampled_from(NUMBERS)
columns = st.sampled_from(("a", "b", "c"))
comparisons = st.sampled_from(COMPARISONS)
rows = st.fixed_dictionaries({name: st.sampled_from(CELLS) for name in ("a", "b", "c")})


def _format(pattern: str, *parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(*parts).map(lambda found: pattern.format(*found))


atoms = columns | numbers
context = st.recursive(
    atoms,
    lambda inner: st.one_of(
        _format("({} + {})", inner, inner),
        _format("({} - {})", inner, inner),
        _format("({} * {})", inner, inner),
        _format("({} / {})", inner, inner),
        _format("coalesce({}, {})", inner, inner),
        _format("nullif({}, {})", inner, numbers),
        _format("greatest({}, {})", inner, inner),
        _format("abs({})", inner),
        _format("(case when a > {} then {} else {} end)", numbers, inner, inner),
    ),
    max_leaves=3,
)
facts = st.one_of(
    _format("{} {} {}", context, comparisons, context),
    _format("{} is null", columns),
    st.sampled_from(("true", "null")),
)
linear = st.recursive(
    st.just("x"),
    lambda inner: st.one_of(
        _format("({} + {})", inner, context),
        _format("({} - {})", context, inner),
        _format("({} * {})", inner, context),
        _format("({} / {})", inner, context),
        _format("(-{})", inner),
        _format("abs({})", inner),
        _format("least({}, {})", inner, context),
        _format("greatest({}, {})", context, inner),
        _format("(case when {} then {} else {} end)", facts, inner, context),
        _format("(case when {} then {} end)", facts, inner),
        _format("coalesce({}, {})", inner, context),
        _format("({} + {})", inner, inner),
    ),
    max_leaves=3,
)
divisors = st.one_of(
    st.just("x"),
    _format("({} - x)", context),
    _format("(x * {} + {})", context, context),
    _format("(case when {} then x else {} end)", facts, context),
    _format("(1 / x)"),
)
ratios = st.one_of(
    linear,
    _format("({} / {})", linear, divisors),
    _format("({} / {})", context, divisors),
    _format("abs({} / {})", linear, divisors),
    _format("({} / {} - {})", linear, divisors, context),
    _format("({} / {} + {} / {})", context, divisors, linear, divisors),
)
single = st.one_of(
    _format("{} {} {}", ratios, comparisons, context),
    _format("{} {} {}", context, comparisons, ratios),
    _format("{} {} {}", linear, comparisons, linear),
    _format("{} between {} and {}", ratios, context, context),
    _format("{} in ({}, {}, {})", linear, context, context, context),
    _format("x not in ({}, {})", context, context),
    _format("x % {} {} {}", st.sampled_from(("1", "0.5", "2")), comparisons, numbers),
    st.sampled_from(("x is null", "x is not null")),
)
rules = st.recursive(
    single,
    lambda inner: st.one_of(
        _format("({} and {})", inner, inner),
        _format("({} or {})", inner, inner),
        _format("({} and {})", inner, facts),
        _format("({} or {})", facts, inner),
        _format("not ({})", inner),
        _format("(case when {} then {} else {} end)", facts, inner, inner),
        _format("(case when {} then {} end)", inner, inner),
    ),
    max_leaves=3,
)
