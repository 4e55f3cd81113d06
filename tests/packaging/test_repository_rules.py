"""Rules of the whole repository that no linter checks for us."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "streamlit_redis_session"
SOURCES = sorted(PACKAGE.rglob("*.py"))

FILE_LINES = 440  # "about 400"
FUNCTION_LINES = 40  # without the docstring

UNSAFE_MODULES = {"pickle", "_pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib"}
UNSAFE_NAMES = {"eval", "exec", "__import__", "pickle", "marshal"}
UNSAFE_ATTRIBUTES = {"to_pickle", "read_pickle"}
UNSAFE_MARKUP = ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write")

MACHINE_PATH = re.compile(r"(?<![\w./*-])/(?:home|root|work|Users)/")
TEMPORARY_PATH = re.compile(r"(?<![\w./*-])/tmp/")
REGISTRY_HOST = re.compile(
    r"\b(?:pypi|files\.pythonhosted|registry\.npmjs|deb\.debian)\.(?:org|com)\b"
)


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def place(path: Path, line: int) -> str:
    return f"{path.relative_to(ROOT)}:{line}"


def committed_texts() -> Iterator[tuple[Path, str]]:
    """Every text file that is, or would be, in a commit."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listed = subprocess.run(
        [git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    ).stdout.decode()
    for name in filter(None, listed.split("\0")):
        path = ROOT / name
        if not path.is_file():
            continue
        try:
            yield path, path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


def code_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """The lines from the first statement after the docstring to the last."""
    body = function.body[1:] if ast.get_docstring(function, clean=False) else function.body
    if not body:
        return 0
    last = body[-1].end_lineno or body[-1].lineno
    return last - body[0].lineno + 1


def unsafe_uses(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names, lineno=line):
                modules = [name.name for name in names]
            case ast.ImportFrom(module=module, lineno=line):
                modules = [module or ""]
            case ast.Name(id=name, lineno=line) if name in UNSAFE_NAMES:
                yield line, name
                continue
            case ast.Attribute(attr=name, lineno=line) if name in UNSAFE_ATTRIBUTES:
                yield line, name
                continue
            case ast.keyword(arg="allow_pickle", value=value, lineno=line):
                if not (isinstance(value, ast.Constant) and value.value is False):
                    yield line, "allow_pickle"
                continue
            case _:
                continue
        yield from ((line, name) for name in modules if name.split(".")[0] in UNSAFE_MODULES)


def lines_matching(pattern: re.Pattern[str], text: str) -> Iterator[int]:
    return (number for number, line in enumerate(text.splitlines(), 1) if pattern.search(line))


def test_every_file_of_the_package_can_be_read_in_one_sitting() -> None:
    counts = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in SOURCES}

    assert counts
    assert [place(path, count) for path, count in counts.items() if count > FILE_LINES] == []


def test_every_function_of_the_package_fits_on_a_screen() -> None:
    too_long = [
        f"{place(path, node.lineno)} {node.name}: {code_lines(node)} lines"
        for path in SOURCES
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and code_lines(node) > FUNCTION_LINES
    ]

    assert too_long == []


def test_nothing_in_the_package_can_run_code_that_it_was_given_as_data() -> None:
    """Stored bytes come from a server others may reach; reading them must never execute them."""
    uses = [
        f"{place(path, line)} {name}"
        for path in SOURCES
        for line, name in unsafe_uses(parsed(path))
    ]

    assert uses == []


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from pickle import loads",
        "import joblib.memory",
        "eval('1')",
        "f = exec",
        "frame.to_pickle(path)",
        "np.load(path, allow_pickle=True)",
    ],
)
def test_the_rule_against_running_data_sees_each_of_its_forms(source: str) -> None:
    assert list(unsafe_uses(ast.parse(source)))


@pytest.mark.parametrize("source", ["client.eval(script)", "np.load(path, allow_pickle=False)"])
def test_the_rule_against_running_data_lets_lua_and_plain_arrays_through(source: str) -> None:
    assert not list(unsafe_uses(ast.parse(source)))


def test_the_widget_never_writes_markup_from_text() -> None:
    """Version messages and branch names are whatever a person typed."""
    sources = sorted((ROOT / "frontend" / "src").rglob("*.ts"))
    uses = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in sources
        for name in UNSAFE_MARKUP
        if name in path.read_text(encoding="utf-8")
    ]

    assert sources
    assert uses == []


def test_no_committed_file_names_a_folder_of_one_machine() -> None:
    found = []
    for path, text in committed_texts():
        found += [place(path, line) for line in lines_matching(MACHINE_PATH, text)]
        if "tests" not in path.relative_to(ROOT).parts:
            found += [place(path, line) for line in lines_matching(TEMPORARY_PATH, text)]

    assert found == []


def test_no_committed_file_names_the_host_of_a_package_registry() -> None:
    """Who builds behind a mirror must not be sent past it."""
    found = [
        place(path, line)
        for path, text in committed_texts()
        for line in lines_matching(REGISTRY_HOST, text)
    ]

    assert found == []


def test_the_frontend_lock_file_pins_contents_and_not_places() -> None:
    lock = json.loads((ROOT / "frontend" / "package-lock.json").read_text(encoding="utf-8"))
    packages = {name: entry for name, entry in lock["packages"].items() if name}

    assert packages
    assert [name for name, entry in packages.items() if "resolved" in entry] == []
    assert [name for name, entry in packages.items() if "integrity" not in entry] == []
