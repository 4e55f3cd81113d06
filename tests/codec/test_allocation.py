"""Memory for long columns: an array like any other, that goes when nobody holds it."""

from __future__ import annotations

import mmap
import sys
from pathlib import Path

import numpy as np
import pytest

from streamlit_redis_session.codec.allocation import LEAST_BYTES, empty, is_own

COUNT = LEAST_BYTES // 8


@pytest.mark.parametrize("count", [0, 1, COUNT - 1, COUNT, COUNT + 12_345, 3 * COUNT])
@pytest.mark.parametrize("dtype", ["<f8", "M8[ns]", "V3", "S5", "?"])
def test_an_array_of_any_length_can_be_written_to_from_end_to_end(count: int, dtype: str) -> None:
    values = empty(count, dtype)
    raw = values.view(np.uint8) if count else values

    raw[:] = np.frombuffer(b"\1", raw.dtype) if count else raw

    assert (len(values), values.dtype) == (count, np.dtype(dtype))
    assert values.flags.writeable
    assert values.flags.c_contiguous
    assert not count or (raw == 1).all()
    assert is_own(values)


def test_a_view_and_memory_that_somebody_else_holds_are_not_its_own(tmp_path: Path) -> None:
    file = tmp_path / "numbers"
    file.write_bytes(bytes(4096))
    with file.open("r+b") as opened, mmap.mmap(opened.fileno(), 0) as mapped:
        theirs = np.frombuffer(mapped, np.uint8)
        assert not is_own(theirs)
        del theirs
    assert not is_own(empty(COUNT, "<f8")[1:])
    assert not is_own(np.zeros(3)[1:])


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux what is mapped")
def test_memory_is_given_back_when_no_view_of_it_is_left() -> None:
    def mapped_kb() -> int:
        status = Path("/proc/self/status").read_text(encoding="utf-8")
        return int(status.partition("VmSize:")[2].split()[0])

    before = mapped_kb()
    view = empty(64 * COUNT, "<f8")[5:]
    assert mapped_kb() - before > 200_000
    del view
    assert mapped_kb() - before < 100_000


def test_two_arrays_never_share_memory() -> None:
    one, other = empty(COUNT, "<f8"), empty(COUNT, "<f8")
    one[:], other[:] = 1, 2

    assert one.min() == one.max() == 1
