"""The exported names and signatures, and what importing the package does not import."""

from __future__ import annotations

import importlib
import inspect
import subprocess
import sys

import pytest

import streamlit_redis_session as srs
from streamlit_redis_session import Session, Store

NAMES = {
    *("attach", "connect", "diff_view", "label", "register_codec", "toolbar", "version_graph"),
    *("Change", "Diff", "Head", "Limits", "Session", "SessionInfo", "Store", "StoreStats"),
    *("Fault", "PruneReport", "VerifyReport", "Version", "VersionGraph"),
    *("ChunkNotFoundError", "ConfigurationError", "ConflictError", "CorruptDataError"),
    *("HistoryStateError", "LimitExceededError", "NotFoundError", "NothingToRedoError"),
    *("NothingToUndoError", "RefExistsError", "RefNotFoundError", "SessionNotFoundError"),
    *("SessionStoreError", "StorageError", "StorageFullError", "StorageReadOnlyError"),
    *("StorageUnavailableError", "UnsupportedValueError", "VersionNotFoundError"),
}

SIGNATURES = {
    "connect": "url, *, namespace, ttl, secret, encrypt, limits",
    "attach": "store_or_url, *, identity, include, exclude, autosave, follow, detect",
    "version_graph": "*, height, key",
    "toolbar": "*, key",
    "diff_view": "a, b",
    "label": "message",
}
DEFAULTS = {
    "connect": (None, "srs", None, None, False, None),
    "attach": (None, "browser", ("*",), (), "background", True, "audit"),
    "version_graph": (420, "version_graph"),
    "toolbar": ("version_toolbar",),
    "diff_view": ("HEAD~1", "HEAD"),
}
METHODS: dict[tuple[type, str], str] = {
    (Store, "session"): "self, session_id, *, create",
    (Store, "sessions"): "self",
    (Store, "delete"): "self, session_id, *, purge",
    (Store, "verify"): "self, session_id, *, repair, progress",
    (Store, "stats"): "self",
    (Store, "close"): "self",
    (Session, "commit"): "self, message",
    (Session, "undo"): "self, steps",
    (Session, "redo"): "self, steps",
    (Session, "create_branch"): "self, name, at",
    (Session, "switch"): "self, name",
    (Session, "rename_branch"): "self, old, new",
    (Session, "delete_branch"): "self, name",
    (Session, "tag"): "self, name, at",
    (Session, "delete_tag"): "self, name",
    (Session, "annotate"): "self, ref, text",
    (Session, "log"): "self, ref",
    (Session, "graph"): "self",
    (Session, "read"): "self, ref, key",
    (Session, "diff"): "self, a, b, key",
    (Session, "touch"): "self",
    (Session, "expire"): "self, ttl",
    (Session, "delete"): "self, *, purge",
    (Session, "prune"): "self, keep, *, purge",
    (Session, "refresh"): "self",
}


def arguments(function: object) -> str:
    assert callable(function)
    words: list[str] = []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind is parameter.KEYWORD_ONLY and "*" not in words:
            words.append("*")
        words.append(parameter.name)
    return ", ".join(words)


def test_the_exported_names_are_exactly_these() -> None:
    assert set(srs.__all__) == NAMES | ({"__version__"} & set(srs.__all__))
    assert len(srs.__all__) == len(set(srs.__all__))
    assert list(srs.__all__) == sorted(srs.__all__)


@pytest.mark.parametrize("name", sorted(NAMES))
def test_every_exported_name_is_there_and_documented(name: str) -> None:
    value = getattr(srs, name)

    assert value.__name__ == name
    assert value.__module__.startswith("streamlit_redis_session.")
    assert inspect.getdoc(value)
    assert name in dir(srs)


def test_a_name_that_does_not_exist_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no_such_name"):
        getattr(srs, "no_such_name")  # noqa: B009


def test_a_star_import_gives_the_exported_names() -> None:
    names: dict[str, object] = {}
    exec("from streamlit_redis_session import *", names)

    assert set(names) >= NAMES


@pytest.mark.parametrize(("name", "expected"), SIGNATURES.items())
def test_functions_are_called_as_the_manual_says(name: str, expected: str) -> None:
    assert arguments(getattr(srs, name)) == expected


@pytest.mark.parametrize(("name", "expected"), DEFAULTS.items())
def test_defaults_are_as_the_manual_says(name: str, expected: tuple[object, ...]) -> None:
    parameters = inspect.signature(getattr(srs, name)).parameters.values()

    assert tuple(p.default for p in parameters) == expected


@pytest.mark.parametrize(("owner", "name"), METHODS)
def test_methods_are_called_as_the_manual_says(owner: type, name: str) -> None:
    assert arguments(getattr(owner, name)) == METHODS[owner, name]


def test_checkout_takes_a_ref_and_keys() -> None:
    assert arguments(Session.checkout).startswith("self, ref, *, keys")


@pytest.mark.parametrize("name", ["id", "head", "is_dirty", "can_undo", "can_redo"])
def test_properties_are_no_methods(name: str) -> None:
    assert isinstance(inspect.getattr_static(Session, name), property)


def test_every_error_can_be_caught_as_one() -> None:
    errors = [getattr(srs, name) for name in NAMES if name.endswith("Error")]

    assert all(issubclass(error, srs.SessionStoreError) for error in errors)


# --- what is imported --------------------------------------------------------------------------


def modules_after(statement: str) -> set[str]:
    code = f"{statement}\nimport sys\nprint(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return set(done.stdout.split())


def test_importing_the_package_imports_nothing_large() -> None:
    loaded = modules_after("import streamlit_redis_session")

    assert not {"streamlit", "pandas", "redis", "numpy", "pyarrow", "polars"} & loaded


def test_errors_and_nouns_need_nothing_large_either() -> None:
    loaded = modules_after("from streamlit_redis_session import StorageError, Version, Limits")

    assert not {"streamlit", "pandas", "redis", "numpy", "pyarrow"} & loaded


def test_connecting_imports_no_streamlit() -> None:
    loaded = modules_after(
        "import streamlit_redis_session as srs\nsrs.connect('memory://x').session().commit()"
    )

    assert "streamlit" not in loaded
    assert "redis" not in loaded


def test_the_version_is_that_of_the_distribution() -> None:
    metadata = importlib.import_module("importlib.metadata")

    assert metadata.version("streamlit-redis-session") == srs.__version__
