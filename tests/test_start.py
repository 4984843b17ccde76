"""What a newcomer meets first: a quick import, commands that explain themselves, files that name no machine."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
HEAVY = ("duckdb", "numpy", "pandas", "sqlglot", "streamlit", "plotly", "pydantic", "yaml", "scipy", "pyarrow")
COMMANDS = ("app", "install", "test", "bench", "screenshots", "help")


def python(code: str) -> str:
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr
    return run.stdout


def make(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["make", *words], cwd=ROOT, capture_output=True, text=True, timeout=60)


def test_importing_alignment_loads_nothing_heavy():
    loaded = python("import sys, alignment; print(*sorted({name.partition('.')[0] for name in sys.modules}))").split()
    assert "alignment" in loaded
    assert set(loaded).isdisjoint(HEAVY)


@pytest.mark.parametrize("words", ["--help", "check --help"])
def test_the_command_line_says_what_it_does_without_loading_the_engine(words):
    code = f"import sys; from alignment.cli.main import main; main({words.split()!r}); print(*sorted(sys.modules))"
    loaded = {name.partition(".")[0] for name in python(code).splitlines()[-1].split()}
    assert loaded.isdisjoint(HEAVY)


def test_make_lists_its_commands_when_it_is_asked_nothing():
    shown = make("--no-print-directory").stdout
    assert [line.split()[1] for line in shown.splitlines()] == ["help", "app", *COMMANDS[1:5]]
    assert all(len(line.split(maxsplit=2)) == 3 for line in shown.splitlines()), "each command says what it does"


@pytest.mark.parametrize("target", COMMANDS)
def test_each_command_exists(target):
    assert make("--dry-run", target).returncode == 0


def test_the_port_is_a_setting():
    assert "--server.port 8601" in make("--dry-run", "app", "PORT=8601").stdout
    assert "--server.port 8501" in make("--dry-run", "app").stdout


def test_an_old_python_is_named_in_one_sentence(tmp_path):
    old = tmp_path / "python3.9"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    run = make("install", f"PYTHON={old}", f"VENV={tmp_path}/venv")
    assert run.returncode != 0
    assert f"Accord needs Python 3.11 or later, and {old} is not" in run.stdout
    assert not (tmp_path / "venv").exists()


def test_ci_runs_what_make_test_runs():
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & 0o111
    assert script.read_text(encoding="utf-8").rstrip().endswith("make test")


def pins(file: str) -> list[str]:
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith(("#", "-r "))]


@pytest.mark.parametrize("file", ["requirements.txt", "requirements-dev.txt"])
def test_requirements_are_pinned_exactly(file):
    exact = re.compile(r"[A-Za-z0-9._-]+(\[[a-z,]+\])?==[0-9][0-9A-Za-z.]*")
    assert [line for line in pins(file) if not exact.fullmatch(line)] == []


def imported() -> set[str]:
    """Top-level names of other people's packages that the app and the command line import."""
    folders = ("alignment", "ui", "pages")
    files = [ROOT / "app.py", *(path for folder in folders for path in (ROOT / folder).rglob("*.py"))]
    names = set()
    for path in files:
        if path.name.startswith("build_"):  # makes what is shipped, and is not shipped itself
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(node.module.partition(".")[0])
    return names - set(sys.stdlib_module_names) - {"alignment", "ui", "pages", "app"}


def test_the_app_pins_what_it_imports_and_nothing_else():
    pinned = {line.partition("==")[0].partition("[")[0].lower() for line in pins("requirements.txt")}
    assert {{"yaml": "pyyaml"}.get(name, name) for name in imported()} == pinned


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("this is not a git checkout")
    return [ROOT / name for name in listed.stdout.split("\0") if name]


_ROOTED = r"(?<![\w.~$}/-])/(?:root|work|home|Users|farm|opt)/"
_HOSTS = r"pypi\.org(?!/project/)|pythonhosted\.org|registry\.npmjs\.org|deb\.debian\.org"
_REGISTRY = rf"\b(?:{_HOSTS})|--(?:extra-)?index-url"


def test_no_file_names_a_machine_or_a_registry():
    named = []
    for path in tracked():
        try:
            text = path.read_text(encoding="utf-8")
        except (UnicodeDecodeError, FileNotFoundError):
            continue
        if path.name != Path(__file__).name:
            named += [f"{path.relative_to(ROOT)}: {hit.group()}" for hit in re.finditer(f"{_ROOTED}|{_REGISTRY}", text)]
    assert named == []
