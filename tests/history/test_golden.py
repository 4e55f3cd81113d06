"""Bytes that earlier releases wrote still open, and are still written the same.

``PYTHONPATH=tests:. python tests/history/test_golden.py`` writes the files of a new format. Files
of a released format are never written again: a release that cannot read them has to say so in its
CHANGELOG.md entry.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from chunks.reading import columns_of
from support.graphs import START, manifest
from support.identical import assert_identical

from streamlit_redis_session import codec
from streamlit_redis_session.chunks import Chunker, Keys, Manifest
from streamlit_redis_session.history._records import (
    version_content,
    version_from_record,
    version_to_record,
)
from streamlit_redis_session.objects import Change, SessionKey, Version, VersionId

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "format-1"
SESSION = SessionKey("5e" * 16)
VERSION = Version(
    id=VersionId("1" * 40),
    parents=(VersionId("2" * 40),),
    message="df: + profit",
    created_at=START,
    author="",
    changes=(Change("df", "changed", 2_000, 2_000, 3, 4, ("profit",)),),
    annotation="a note",
    values={"df": manifest("golden")},
    settings=None,
)


def frame() -> pd.DataFrame:
    numbers = np.arange(2_000)
    text = pd.array([f"Größe {n % 9}" if n % 5 else None for n in numbers], dtype="string[pyarrow]")
    when = np.datetime64("2026-01-01", "us") + numbers.astype("m8[m]")
    return pd.DataFrame({"n": numbers, "x": numbers / 3, "text": text, "when": when})


def written() -> dict[str, bytes]:
    """Write everything that the format describes, with the secret ``golden``."""
    chunker = Chunker(Keys.derive("golden", namespace="srs"))
    plan = chunker.plan(codec.encode(frame(), path="df"))
    record = version_to_record(version_content(VERSION, "nonce"), VERSION.annotation)
    seal = chunker.seal_record
    files = {f"chunk-{name}": chunker.seal_chunk(name, p) for name, p in plan.chunks.items()}
    files[f"manifest-{plan.manifest_id}"] = seal(
        "manifest", SESSION, plan.manifest_id, plan.manifest.to_bytes()
    )
    files[f"version-{VERSION.id}"] = seal("version", SESSION, VERSION.id, record)
    return files


def golden() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(GOLDEN.iterdir())}


def one(kind: str) -> tuple[str, bytes]:
    ((name, data),) = [i for i in golden().items() if i[0].startswith(kind)]
    return name.partition("-")[2], data


def test_a_golden_value_still_opens_and_is_the_same_frame() -> None:
    chunker = Chunker(Keys.derive("golden", namespace="srs"))
    name, data = one("manifest")
    opened = Manifest.from_bytes(chunker.open_record("manifest", SESSION, name, data))
    chunks: Any = {k.partition("-")[2]: v for k, v in golden().items() if k.startswith("chunk")}
    columns = columns_of(chunker, opened, chunks)

    assert_identical(codec.decode(opened.description, columns), frame())


def test_a_golden_version_still_opens() -> None:
    chunker = Chunker(Keys.derive("golden", namespace="srs"))
    name, data = one("version")
    record = chunker.open_record("version", SESSION, name, data)

    version, _, nonce = version_from_record(VersionId(name), record)

    assert version == VERSION
    assert nonce == "nonce"
    assert json.loads(record.split(b"\n")[0])[0] == 1


def test_the_same_value_still_gets_the_same_names() -> None:
    """Otherwise every session would store all of its values a second time after an update.

    Only names are compared: another release of zstd may compress the same bytes otherwise.
    """
    assert set(written()) == set(golden())


if __name__ == "__main__":
    GOLDEN.mkdir(parents=True, exist_ok=True)
    for old in GOLDEN.iterdir():
        old.unlink()
    for file_name, content in written().items():
        (GOLDEN / file_name).write_bytes(content)
