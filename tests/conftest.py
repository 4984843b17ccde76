"""Browser tests run last and in one worker: two browsers at once would only slow each other down.

Random tests draw the same examples on every run, so that a change is judged by the change and not by luck;
`--hypothesis-profile explore` draws new ones.
"""

import pytest
from hypothesis import settings

settings.register_profile("explore", deadline=None)
settings.register_profile("same", deadline=None, derandomize=True, database=None)
settings.load_profile("same")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.xdist_group("browser"))
