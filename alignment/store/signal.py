"""The one signal that something changed: listeners in this process, told after each write."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

Listener = Callable[[str, int], None]

_log = logging.getLogger(__name__)


class Signal:
    """Listeners who are told the initiative and its new revision; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: dict[int, Listener] = {}
        self._next = 0

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Adds a listener and returns what takes it away again."""
        with self._lock:
            number, self._next = self._next, self._next + 1
            self._listeners = {**self._listeners, number: listener}

        def unsubscribe() -> None:
            with self._lock:
                self._listeners = {k: v for k, v in self._listeners.items() if k != number}

        return unsubscribe

    def tell(self, initiative_id: str, revision: int) -> None:
        """Calls every listener; one that fails is logged and does not undo the write."""
        for listener in self._listeners.values():
            try:
                listener(initiative_id, revision)
            except Exception:
                _log.exception("a listener failed; the write stands")
