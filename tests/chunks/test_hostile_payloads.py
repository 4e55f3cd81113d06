"""Without a secret a tag can be forged: then a payload is anything, and must still end well."""

from __future__ import annotations

import subprocess
import sys

import pytest

ATTACK = """
import random
import sys

import numpy as np

from streamlit_redis_session.chunks import _compression as c
from streamlit_redis_session.errors import CorruptDataError

ways = {"zstd": c.ANY, "lz4": c.QUICK, "bits": c.BITS, "bytes": c.BYTES, "dense": c.DENSE_BITS}
way, turns = ways[sys.argv[1]], int(sys.argv[2])
luck = random.Random(turns)
contents = [
    np.arange(5_000, dtype="<i8").tobytes(),
    b"some words, and some words again; " * 900,
    np.random.default_rng(1).integers(0, 50, 30_000).astype("<i4").tobytes(),
]
frames = [(len(each), bytes(c.compress(each, 8, way))) for each in contents]
kept = opened = 0
for turn in range(turns):
    length, frame = frames[turn % len(frames)]
    damaged = bytearray(frame)
    for _ in range(luck.choice([1, 1, 2, 8])):
        place = luck.randrange(min(len(damaged), luck.choice([40, len(damaged)])))
        damaged[place] = luck.choice([0, 1, 0x7F, 0x80, 0xFF, luck.randrange(256)])
    if luck.random() < 0.1:
        del damaged[luck.randrange(len(damaged)):]
    guarded = np.full(length + 128, 0xA5, np.uint8)
    try:
        c.decompress_into(guarded[64:-64], memoryview(bytes(damaged)), way.method, "it")
        opened += 1
    except CorruptDataError:
        kept += 1
    if not (guarded[:64] == 0xA5).all() or not (guarded[-64:] == 0xA5).all():
        sys.exit("it wrote beside its memory")
print(kept, opened)
"""


@pytest.mark.parametrize("way", ["zstd", "lz4", "bits", "bytes", "dense"])
def test_damaged_payloads_never_crash_and_never_write_beside_their_memory(way: str) -> None:
    """In a process of its own: a crash would take the test run with it."""
    made = subprocess.run(
        [sys.executable, "-c", ATTACK, way, "6000"], capture_output=True, text=True, check=False
    )

    assert made.returncode == 0, made.stderr[-2000:]
    kept, opened = map(int, made.stdout.split())
    assert kept > 0
    assert kept + opened == 6000
