"""What the documents say can be run runs, and what they point to exists."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    *sorted(ROOT.glob("docs/**/*.md")),
    ROOT / "data/sample/README.md",
]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def _blocks(language: str) -> list[tuple[str, str]]:
    return [(d.name, body) for d in DOCUMENTS for kind, body in BLOCK.findall(d.read_text()) if kind == language]


COMMANDS = [
    pytest.param(line.split("#")[0].strip(), id=f"{name}: {line.strip()[:60]}")
    for name, body in _blocks("sh")
    for line in body.splitlines()
    if line.startswith("python -m alignment")
]


def _run(words: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "HOME": str(folder)}
    return subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "data").symlink_to(ROOT / "data")
    return tmp_path


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_documents_runs(command: str, folder: Path) -> None:
    done = _run([sys.executable, *shlex.split(command)[1:]], folder)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


@pytest.mark.parametrize("code", [pytest.param(body, id=name) for name, body in _blocks("python")])
def test_python_of_the_documents_runs(code: str, folder: Path) -> None:
    done = _run([sys.executable, "-c", code], folder)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda d: str(d.relative_to(ROOT)))
def test_links_of_the_documents_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", document.read_text()):
        if "://" not in target:
            assert (document.parent / target).exists(), f"{document.name} points to {target}"


def test_make_help_lists_every_command_that_the_documents_name() -> None:
    named = {
        m for d in DOCUMENTS for _, body in BLOCK.findall(d.read_text()) for m in re.findall(r"^make (\w+)", body, re.M)
    }
    makefile = (ROOT / "Makefile").read_text()
    assert all(re.search(rf"^{name}:.*## ", makefile, re.MULTILINE) for name in named)
