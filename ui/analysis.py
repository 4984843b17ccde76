"""What follows from an initiative as it stands: each analysis is computed once per content and kept for all visitors.

The key is a hash of everything that the answer depends on. Nothing of Streamlit: routes and the warm-up ask it, too.
"""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alignment.errors import DataError
from alignment.initiative.hashing import content_hash
from alignment.initiative.models import Initiative
from alignment.initiative.writing import to_json
from alignment.store import DataFile
from ui.workshop import workshop

if TYPE_CHECKING:
    from alignment.catalogue.reading import Catalogue
    from alignment.conflicts.check import Situation
    from alignment.conflicts.moves import Breaking
    from alignment.conflicts.report import ConflictReport
    from alignment.conflicts.stress import Stressed
    from alignment.objective.report import MappingReport

_SILENT = {"stances": (), "changes": (), "readiness": (), "decisions_log": (), "signatures": ()}
MOST_KEPT = 24
SEARCH_SECONDS, TRIAL_SECONDS = 30.0, 5.0


class Kept:
    """Results by key, each made once however many ask at the same time; the least recently used go first."""

    def __init__(self, most: int = MOST_KEPT) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._slots: OrderedDict[Any, _Slot] = OrderedDict()

    def get(self, key: Any, make: Callable[[], Any]) -> Any:
        """The result of a key, made now where nobody has asked before. What fails is tried again by the next."""
        with self._lock:
            slot = self._slots.setdefault(key, _Slot())
            self._slots.move_to_end(key)
            while len(self._slots) > self._most:
                self._slots.popitem(last=False)
        with slot.lock:
            if not slot.made:
                slot.value, slot.made = make(), True
            return slot.value

    def known(self, key: Any) -> Any:
        """The result of a key where it has been made, else None."""
        slot = self._slots.get(key)
        return slot.value if slot is not None and slot.made else None


class _Slot:
    def __init__(self) -> None:
        self.lock, self.made, self.value = threading.Lock(), False, None


@dataclass(frozen=True)
class Ground:
    """What an analysis stands on: the initiative, its files, and the key of all that."""

    initiative: Initiative
    catalogue: DataFile | None
    decisions: DataFile | None
    key: str

    @property
    def content_hash(self) -> str:
        """The hash that teams sign, the same as that of the command line."""
        sums = (f.sha256 if f else None for f in (self.catalogue, self.decisions))
        return content_hash(self.initiative, *sums)


_texts: dict[str, tuple[Initiative, str]] = {}
_tables, _situations, _bare, _tried, _reports, _mappings = Kept(8), Kept(), Kept(), Kept(), Kept(), Kept()
_moves = Kept(64)


def ground(initiative_id: str) -> Ground:
    """What analyses of an initiative stand on now."""
    shop = workshop()
    initiative = shop.initiative(initiative_id)
    files = shop.data_file(initiative_id, "catalogue"), shop.data_file(initiative_id, "decisions")
    parts = [_text_key(initiative_id, initiative), *(f.sha256 if f else "" for f in files)]
    parts.append(str(initiative.as_of or date.today()))
    return Ground(initiative, *files, hashlib.sha256("|".join(parts).encode()).hexdigest())


def _text_key(initiative_id: str, initiative: Initiative) -> str:
    known = _texts.get(initiative_id)
    if known is None or known[0] is not initiative:
        known = _texts[initiative_id] = initiative, _digest(initiative)
    return known[1]


def _digest(initiative: Initiative) -> str:
    text = to_json(initiative.model_copy(update=_SILENT))
    return hashlib.sha256(text.encode()).hexdigest()


def catalogue(ground: Ground) -> "Catalogue":
    """The catalogue, on a connection of the caller's own. Raises DataError where there is none or it does not fit."""
    file, declared = ground.catalogue, ground.initiative.catalogue
    if declared is None or file is None:
        raise DataError("There is no catalogue yet; add one under Frame, and rules can be checked on its items")
    table = _tables.get(
        (file.sha256, declared, ground.initiative.levers), lambda: _open_catalogue(ground.initiative, file)
    )
    return replace(table, connection=table.connection.cursor())


def _open_catalogue(initiative: Initiative, file: DataFile) -> "Catalogue":
    from alignment.catalogue.reading import open_catalogue

    table = open_catalogue(initiative, file.parquet or file.path)
    return replace(table, name=file.name, sha256=file.sha256)


def situation(ground: Ground) -> "Situation":
    """The situation of a check, with a connection of the caller's own. Raises AccordError."""

    def make() -> "Situation":
        from alignment.conflicts.check import situation

        case = situation(ground.initiative, catalogue(ground), complete_within=SEARCH_SECONDS)
        _ = case.coupled  # worked out here, once for all who ask
        return case

    case = _situations.get(ground.key, make)
    return case.on(case.catalogue.connection.cursor())


def bare_report(ground: Ground) -> "ConflictReport":
    """The report without ways out and sentences, which take longer. Raises AccordError."""

    def make() -> "ConflictReport":
        from alignment.conflicts.check import report

        return replace(report(situation(ground)), content_hash=ground.content_hash)

    return _reports.known(ground.key) or _bare.get(ground.key, make)


def tried_report(ground: Ground, initiative: Initiative) -> "tuple[Situation, ConflictReport]":
    """What a check would find if the initiative were this one; without ways out. Raises AccordError."""

    def make() -> "tuple[Situation, ConflictReport]":
        from alignment.conflicts.check import report, situation

        case = situation(initiative, catalogue(ground), complete_within=TRIAL_SECONDS)
        return case, report(case)

    return _tried.get((ground.key, _digest(initiative)), make)


def report(ground: Ground) -> "ConflictReport":
    """The full report of conflicts. Raises AccordError."""

    def make() -> "ConflictReport":
        from alignment.conflicts.checking import completed

        return completed(bare_report(ground), situation(ground))

    return _reports.get(ground.key, make)


def moved(ground: Ground, column: str, percent: int) -> "Stressed":
    """What it does when a column of the catalogue moves by some percent on every item. Raises AccordError."""

    def make() -> "Stressed":
        from alignment.conflicts.stress import Change, stressed

        return stressed(situation(ground), Change(column, Decimal(percent)))

    return _moves.get((ground.key, column, percent), make)


def breaking(ground: Ground, column: str) -> "tuple[Breaking, ...]":
    """Pairs of rules that clash when a column moves, up or down, the smallest move first. Raises AccordError."""

    def make() -> "tuple[Breaking, ...]":
        from alignment.conflicts.moves import breaking_moves

        case = situation(ground)
        both = [*breaking_moves(case, column, up=True), *breaking_moves(case, column, up=False)]
        return tuple(sorted(both, key=lambda pair: (abs(pair.percent), pair.constraints)))

    return _moves.get((ground.key, column), make)


def known_report(ground: Ground) -> "ConflictReport | None":
    """The report, perhaps the bare one, where somebody has asked for it already."""
    return _reports.known(ground.key) or _bare.known(ground.key)


def mapping(ground: Ground) -> "MappingReport":
    """The mapping of the objective to the goals. Raises AccordError."""

    def make() -> "MappingReport":
        from alignment.objective.mapping import map_objective

        return map_objective(ground.initiative, _path(ground.decisions), _path(ground.catalogue))

    return _mappings.get(ground.key, make)


def known_mapping(ground: Ground) -> "MappingReport | None":
    """The mapping where somebody has asked for it already."""
    return _mappings.known(ground.key)


def _path(file: DataFile | None) -> Path | None:
    return file.path if file else None
