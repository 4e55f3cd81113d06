"""What `pip install streamlit-redis-session` gives is whole, and nothing more."""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "streamlit_redis_session"
DATA_SUFFIXES = {".py", ".lua", ".js", ".css", ".typed"}
HEAVY = ["streamlit", "pandas", "polars", "pyarrow", "numpy"]

pytestmark = pytest.mark.slow


def run(*command: str | Path) -> str:
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, check=False, cwd=Path("/")
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the source archive and the wheel that was built from that archive."""
    folder = tmp_path_factory.mktemp("built")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT)
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    (found,) = built.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def wheel_names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="module")
def sdist_names(built: Path) -> set[str]:
    (found,) = built.glob("*.tar.gz")
    with tarfile.open(found) as archive:
        return {name.partition("/")[2] for name in archive.getnames()}


@pytest.fixture(scope="module")
def installed_python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new environment with the wheel, and the dependencies of this one without its package."""
    folder = tmp_path_factory.mktemp("installed")
    dependencies = folder / "dependencies"
    dependencies.mkdir()
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        if "streamlit_redis_session" not in entry.name and entry.suffix != ".pth":
            (dependencies / entry.name).symlink_to(entry)
    venv.create(folder / "venv", with_pip=False)
    python = folder / "venv" / "bin" / "python"
    run(
        *(sys.executable, "-m", "pip", "--python", python, "install", "--quiet"),
        *("--no-deps", "--no-index", "--disable-pip-version-check", wheel),
    )
    purelib = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()
    (Path(purelib) / "dependencies.pth").write_text(f"{dependencies}\n", encoding="utf-8")
    return python


def asked(python: Path, program: str) -> object:
    """What the program prints last, read as JSON."""
    return json.loads(run(python, "-I", "-c", program).splitlines()[-1])


def test_the_wheel_holds_every_file_of_the_package(wheel_names: set[str]) -> None:
    expected = {
        path.relative_to(ROOT).as_posix()
        for path in PACKAGE.rglob("*")
        if path.suffix in DATA_SUFFIXES or path.name == "py.typed"
    }

    assert expected <= wheel_names


@pytest.mark.parametrize(
    ("kind", "pattern"),
    [
        ("type marker", "streamlit_redis_session/py.typed"),
        ("Lua scripts", "streamlit_redis_session/storage/scripts/*.lua"),
        ("widget bundle", "streamlit_redis_session/widget/assets/index-*.js"),
        ("component manifest", "streamlit_redis_session/pyproject.toml"),
        ("licence", "*.dist-info/licenses/LICENSE"),
    ],
)
def test_the_wheel_holds_what_is_not_python(wheel_names: set[str], kind: str, pattern: str) -> None:
    assert [name for name in wheel_names if Path(name).match(pattern)], kind


def test_the_wheel_holds_the_package_and_its_metadata_only(wheel_names: set[str]) -> None:
    folders = {name.partition("/")[0].partition("-")[0] for name in wheel_names}

    assert folders == {"streamlit_redis_session"}
    assert not [name for name in wheel_names if "__pycache__" in name or name.endswith(".map")]


def test_the_inner_manifest_names_a_folder_that_the_wheel_has(
    wheel: Path, wheel_names: set[str]
) -> None:
    with zipfile.ZipFile(wheel) as archive:
        manifest = tomllib.loads(archive.read("streamlit_redis_session/pyproject.toml").decode())
    (component,) = manifest["tool"]["streamlit"]["component"]["components"]
    folder = f"streamlit_redis_session/{component['asset_dir']}/"

    assert manifest["project"]["name"] == "streamlit-redis-session"
    assert component["name"] == "version_graph"
    assert [name for name in wheel_names if name.startswith(folder)]


def test_the_metadata_names_licence_and_python_versions(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        metadata = Parser().parsestr(archive.read(name).decode())

    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["Requires-Python"] == ">=3.10"
    assert str(metadata.get_payload()).strip(), "the README is the description"


def test_the_source_archive_can_be_built_and_tested_from(sdist_names: set[str]) -> None:
    wanted = {
        *("pyproject.toml", "LICENSE", "README.md", "Makefile", "demo_app.py"),
        *("frontend/package-lock.json", "tests/packaging/test_wheel.py"),
        "tools/create_venv.sh",
    }

    assert wanted <= sdist_names
    assert not [name for name in sdist_names if "node_modules" in name or ".venv" in name]


def test_importing_the_package_loads_nothing_heavy(installed_python: Path) -> None:
    """A command-line tool and a service without Streamlit start in no time."""
    program = f"""
import json, sys
import streamlit_redis_session
print(json.dumps([name for name in {HEAVY!r} if name in sys.modules]))
"""
    assert asked(installed_python, program) == []


def test_every_module_can_be_imported_from_the_wheel(installed_python: Path) -> None:
    program = """
import importlib, json, pkgutil
import streamlit_redis_session as package
names = [module.name for module in pkgutil.walk_packages(package.__path__, package.__name__ + ".")]
for name in names:
    importlib.import_module(name)
print(json.dumps([package.__file__, names]))
"""
    answer = asked(installed_python, program)
    assert isinstance(answer, list)
    origin, names = answer

    assert Path(origin).is_relative_to(installed_python.parents[1])
    assert "streamlit_redis_session.storage" in names


def test_streamlit_finds_the_component_in_the_installed_wheel(installed_python: Path) -> None:
    program = """
import json
from streamlit.components.v2.component_manager import BidiComponentManager
manager = BidiComponentManager()
manager.discover_and_register_components(start_file_watching=False)
print(json.dumps(manager.get_component_path("streamlit-redis-session.version_graph")))
"""
    served = asked(installed_python, program)

    assert isinstance(served, str)
    assert Path(served).is_relative_to(installed_python.parents[1].resolve())
    assert len(list(Path(served).glob("index-*.js"))) == 1


@pytest.mark.parametrize("name", ["streamlit-redis-session", "srs"])
def test_the_wheel_installs_the_command_line(installed_python: Path, name: str) -> None:
    """Under both of its names."""
    told = run(installed_python.parent / name, "sessions", "--url", "memory://x", "--json")

    assert json.loads(told)["sessions"] == []
