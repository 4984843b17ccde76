"""What a way out does, as the line over its bar says it."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from alignment.conflicts.report import Repair
from ui.clashes.repairs import effect

REPAIR = Repair(
    1, "bound", (), items_fixed=74, items_opened=0, opens=(), stake=None, within_limits=True, concessions=()
)


@pytest.mark.parametrize(
    ("opened", "opens", "said"),
    [
        (0, (), "opens none."),
        (1, (), "opens 1 other."),
        (9, ("floor+max-change",), "opens 9 others, in one new conflict: Floor and Max change."),
        (
            185,
            ("floor+max-change+steps", "cap+floor", "cap+steps", "cap+max-change"),
            "opens 185 others, in four new conflicts: Floor, Max change and Steps; Cap and Floor; and two more.",
        ),
    ],
)
def test_new_conflicts_are_counted_and_the_first_two_told_apart(opened: int, opens: tuple[str, ...], said: str) -> None:
    repair = replace(REPAIR, items_opened=opened, opens=opens)
    shown = effect(repair, SimpleNamespace(items=74)).replace("\\", "")  # as Markdown shows it
    assert shown == f"**Clears all 74 items**, {said}"
