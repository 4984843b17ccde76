"""Conflicts over a lever with a list of values, asked whether some value that is not on the list would settle them.

For numbers the rules' normal forms answer. Texts have none: rules are tried on the texts that they and the item name,
on texts of the lengths they name, and on one that nothing names.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from sqlglot import exp

from alignment.catalogue.reading import Catalogue, quoted
from alignment.conflicts.batches import batches
from alignment.conflicts.freely import free_line, meet
from alignment.initiative.models import Lever
from alignment.rules.algebra import constant, literal
from alignment.rules.render import allows_sql, render
from alignment.rules.ruleset import Checked

Ints = NDArray[np.int64]

NEW = "off the list"
LONGEST = 200


def settled_off_the_list(lever: Lever, members: Sequence[Checked], items: Ints, catalogue: Catalogue) -> bool:
    """Could the members hold together, on one of the items (by number), for a value that is not on the lever's list?"""
    if all(isinstance(v, Decimal) for v in lever.values or ()):
        line = free_line(lever.name, members, catalogue)
        if line is not None:
            return any(
                meet(line, batch, here)
                for batch in batches(catalogue, line.numbers, line.flags)
                if len(here := items[(items >= batch.start) & (items < batch.start + batch.size)] - batch.start)
            )
    return _tried(lever, members, items, catalogue)


def _tried(lever: Lever, members: Sequence[Checked], items: Ints, catalogue: Catalogue) -> bool:
    """Is there such a value among those that rules and items name?"""
    candidates = _candidates(lever, members, catalogue)
    tests = []
    for value in candidates:
        known = f"({render(value)}) is not null"
        tests.append(" and ".join([known, *(allows_sql(r.rule, {lever.name: value}) for r in members)]))
    query = f"select {' or '.join(f'({test})' for test in tests)} as held from {quoted(catalogue.table)}"
    held = catalogue.connection.execute(query).fetchnumpy()["held"]
    return bool(np.asarray(np.ma.filled(held, False))[items].any())


def _candidates(lever: Lever, members: Sequence[Checked], catalogue: Catalogue) -> list[exp.Expression]:
    trees = [r.rule.tree for r in members]
    listed = set(lever.values or ())
    numeric = all(isinstance(v, Decimal) for v in listed)
    columns = sorted({c.name for tree in trees for c in tree.find_all(exp.Column)} - {lever.name})
    own = [c for c in columns if catalogue.kinds.get(c) == ("number" if numeric else "text")]
    found: list[exp.Expression] = [exp.column(c, quoted=True) for c in own]
    if numeric:
        return found + [literal(n) for n in sorted(_numbers(trees) - listed)]
    return found + [exp.Literal.string(text) for text in sorted(set(_texts(trees)) - listed)]


def _numbers(trees: Iterable[exp.Expression]) -> set[Fraction]:
    """Numbers that are written, what lies between them, and beyond."""
    written = sorted(_literals(trees))
    ends = sorted({*written, *(-n for n in written), *(n + 1 for n in written[-1:]), *(-n - 1 for n in written[-1:])})
    return {*ends, *((a + b) / 2 for a, b in pairwise(ends))}


def _literals(trees: Iterable[exp.Expression]) -> set[Fraction]:
    return {constant(n.name) for tree in trees for n in tree.find_all(exp.Literal) if not n.is_string}


def _texts(trees: Sequence[exp.Expression]) -> Iterable[str]:
    written = {node.name for tree in trees for node in tree.find_all(exp.Literal) if node.is_string}
    lengths = {int(n) for n in _literals(trees) if n <= LONGEST}
    yield from written
    for text in written:
        yield from (text.lower(), text.upper(), text.replace("%", "").replace("_", "x"))
        yield from (text.replace("%", "x").replace("_", "x"), text + "x")
    for length in lengths:
        yield from (letter * n for n in range(max(0, length - 1), length + 2) for letter in "xX")
    new = NEW
    while new in written:
        new += "."
    yield from (new, new.upper())
