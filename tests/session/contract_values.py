"""The mapping, commits, messages, settings."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from support.identical import assert_identical

from streamlit_redis_session import (
    ConfigurationError,
    LimitExceededError,
    Limits,
    Session,
    Store,
    UnsupportedValueError,
    connect,
)

from .contract_parts import SessionParts, assert_shows, committed, frame_of
from .frames import counts, flights

SETTINGS = {
    "n": 3,
    "ratio": float("nan"),
    "name": "Zoë",
    "flag": True,
    "nothing": None,
    "price": Decimal("1.10"),
    "day": dt.date(2026, 1, 2),
    "range": (1, 2),
    "filters": {"carrier": ["C1", "C2"], "deep": [{"x": None}]},
}


class ValuesContract(SessionParts):
    # the mapping

    def test_a_new_session_is_an_empty_mapping_on_main(self, session: Session) -> None:
        assert dict(session) == {}
        assert len(session) == 0
        assert session.head.branch == "main"
        assert session.head.version is None
        assert not session.is_dirty
        assert not session.can_undo
        assert not session.can_redo
        assert session.log() == []
        assert session.commit() is None
        assert session.graph().versions == ()

    def test_a_session_is_a_mapping_of_its_working_values(self, session: Session) -> None:
        session["a"], session["b"] = 1, 2
        assert "a" in session
        assert list(session) == ["a", "b"]
        assert session.get("c") is None
        assert session.setdefault("c", 3) == 3
        assert session.pop("a") == 1
        del session["b"]
        assert dict(session) == {"c": 3}
        session.clear()
        assert len(session) == 0

    def test_a_missing_key_is_a_plain_key_error(self, session: Session) -> None:
        with pytest.raises(KeyError, match="nobody"):
            session["nobody"]
        with pytest.raises(KeyError):
            del session["nobody"]

    def test_keys_are_strings(self, session: Session) -> None:
        with pytest.raises(ConfigurationError):
            session[3] = 1  # type: ignore[index]

    def test_any_string_is_a_key(self, session: Session, store: Store) -> None:
        keys = ["", " ", "a:b", "*", "../x", "ключ", "x" * 5000, "\0", "settings", "HEAD", "\ud800"]
        session.update({key: counts(n) for n, key in enumerate(keys)})
        session.commit()

        again = store.session(session.id)
        assert set(again) == set(keys)
        for number, key in enumerate(keys):
            assert_identical(again[key], counts(number), key)

    # commit

    def test_a_commit_survives_the_process(self, session: Session, store: Store) -> None:
        version = committed(session, df=flights(), n=3)

        again = store.session(session.id)
        assert_shows(again, df=flights(), n=3)
        assert again.head == session.head
        assert again.head.version == version.id
        assert again.log() == session.log() == [version]

    def test_a_store_opened_anew_reads_the_same(self, url: str, session: Session) -> None:
        committed(session, df=flights(), by=counts())
        with connect(url) as fresh:
            assert_shows(fresh.session(session.id), df=flights(), by=counts())

    def test_every_kind_of_data_makes_a_version_and_comes_back(
        self, session: Session, url: str
    ) -> None:
        values = {
            "series": pd.Series([1.5, None], name="s"),
            "index": pd.Index(["a", "b"], name="i"),
            "table": pa.table({"x": [1, None]}),
            "array": np.arange(6).reshape(2, 3),
            "polars": pl.DataFrame({"x": ["a", None]}),
            "dict": {"left": counts(), "right": [np.arange(3)]},
        }
        for key, value in values.items():
            committed(session, **{key: value})
        with connect(url) as fresh:
            assert_shows(fresh.session(session.id), **values)

    def test_a_commit_of_nothing_makes_no_version(self, session: Session) -> None:
        committed(session, df=flights())
        assert session.commit() is None
        session["df"] = flights()
        assert not session.is_dirty
        assert session.commit() is None, "equal content is no change"
        session["df"] = frame_of(session).copy()
        assert session.commit() is None
        assert len(session.log()) == 1

    def test_a_large_frame_filtered_twice_the_same_way_is_one_version(
        self, session: Session, url: str
    ) -> None:
        """A script which recomputes a frame recomputes the same frame, however it is stored."""
        whole = flights(rows=60_000)
        committed(session, df=whole)
        committed(session, df=whole[whole.age > 20])

        session["df"] = whole[whole.age > 20]
        assert session.commit() is None
        with connect(url) as fresh:
            again = fresh.session(session.id)
            again["df"] = flights(rows=60_000)[whole.age > 20]
            assert again.commit() is None
            assert_identical(again["df"], whole[whole.age > 20])

    def test_an_edit_in_place_is_seen(self, session: Session, store: Store) -> None:
        committed(session, df=flights())
        frame_of(session).loc[3, "age"] = 99
        assert session.is_dirty
        assert str(committed(session).changes[0]) == "df: 1 cell of age"
        assert frame_of(store.session(session.id)).loc[3, "age"] == 99

    def test_edits_of_arrays_and_of_frames_in_containers_are_seen(self, session: Session) -> None:
        committed(session, array=np.arange(5), box={"df": counts()})
        for edit in ("array", "box"):
            value = frame_of(session, edit)
            if edit == "array":
                value[0] = 7
            else:
                value["df"].loc[0, "b"] = 7
            assert session.is_dirty, edit
            committed(session)

    def test_what_is_written_after_the_commit_is_not_in_the_version(self, session: Session) -> None:
        frame = flights()
        version = committed(session, df=frame)
        frame.loc[0, "fare"] = -1.0
        assert_identical(session.read(version.id, "df"), flights())
        assert_identical(frame_of(session), frame)

    def test_what_is_read_belongs_to_the_reader(self, session: Session, store: Store) -> None:
        committed(session, df=flights(), box={"df": counts(), "list": [1]})
        frame_of(session, "box")["list"].append(2)
        read = session.read("HEAD", "df")
        assert isinstance(read, pd.DataFrame)
        read.loc[:, "age"] = 0
        assert_identical(session.read("HEAD", "df"), flights())
        assert_identical(store.session(session.id)["box"], {"df": counts(), "list": [1]})

    def test_a_removed_value_is_gone_and_undo_brings_it_back(self, session: Session) -> None:
        committed(session, df=flights(), by=counts())
        del session["by"]
        assert committed(session).message == "by: removed"
        session.undo()
        assert_shows(session, df=flights(), by=counts())
        session.redo()
        assert_shows(session, df=flights())

    def test_a_value_that_turns_into_a_setting_and_back(
        self, session: Session, store: Store
    ) -> None:
        committed(session, x=counts())
        committed(session, x=5)
        assert_shows(store.session(session.id), x=5)
        session.undo()
        assert_shows(session, x=counts())
        assert_shows(store.session(session.id), x=counts())
        session.redo()
        assert_shows(session, x=5)

    # messages

    def test_a_message_is_written_from_the_changes(self, session: Session) -> None:
        frame = flights()
        assert committed(session, df=frame).message == "df: new, 500 x 3"
        assert committed(session, by_region=counts()).message == "by_region: new, 12 x 4"
        frame = frame.assign(profit=frame.fare * 2)
        assert committed(session, df=frame).message == "df: + profit"
        assert committed(session, df=frame.drop(columns="profit")).message == "df: - profit"
        frame = flights()
        frame.loc[5:16, "age"] = 1_000
        assert committed(session, df=frame).message == "df: 12 cells of age"
        assert committed(session, df=frame.head(400)).message == "df: -100 rows"
        both = committed(session, df=frame.head(399), by_region=counts(13)).message
        assert both == "df: -1 row; by_region: +1 row"
        retyped = frame.head(399).astype({"age": "float64"})
        assert committed(session, df=retyped).message == "df: retyped age"

    def test_a_thousand_rows_have_a_comma(self, session: Session) -> None:
        committed(session, df=flights(rows=41_000))
        assert committed(session, df=flights(rows=790)).message == "df: -40,210 rows"

    def test_a_message_of_ones_own_is_kept_in_one_line(self, session: Session) -> None:
        assert committed(session, "Loaded\n  the  file", df=counts()).message == "Loaded the file"

    def test_a_written_message_never_exceeds_the_limit(self, session: Session) -> None:
        session.update({f"table {n}": counts() for n in range(60)})
        version = committed(session)
        assert len(version.message) == 200
        assert version.message.endswith("…")
        assert len(version.changes) == 60

    def test_a_message_beyond_the_limit_is_refused(self, session: Session) -> None:
        session["df"] = counts()
        with pytest.raises(LimitExceededError):
            session.commit("x" * 201)
        assert session.log() == []

    # settings

    def test_settings_come_back_without_a_version(self, session: Session, url: str) -> None:
        session.update(SETTINGS)
        assert session.commit() is None
        assert not session.is_dirty
        with connect(url) as fresh:
            assert_shows(fresh.session(session.id), **SETTINGS)
            assert fresh.session(session.id).log() == []

    def test_a_removed_setting_stays_removed(self, session: Session, store: Store) -> None:
        session.update(a=1, b=2)
        session.commit()
        del session["a"]
        session.commit()
        assert_shows(store.session(session.id), b=2)
        del session["b"]
        session.commit()
        assert_shows(store.session(session.id))

    def test_undo_restores_only_the_settings_that_differ(
        self, session: Session, store: Store
    ) -> None:
        """A chart option that played no part stays as the person left it."""
        committed(session, df=counts(3), slider=3, chart="bar")
        committed(session, df=counts(5), slider=5, chart="bar")
        session["chart"] = "line"
        session.undo()
        assert_shows(session, df=counts(3), slider=3, chart="line")
        assert_shows(store.session(session.id), df=counts(3), slider=3, chart="line")
        session.redo()
        assert_shows(session, df=counts(5), slider=5, chart="line")

    def test_a_setting_that_came_with_a_version_goes_with_it(self, session: Session) -> None:
        committed(session, df=counts(3))
        committed(session, df=counts(4), rows=4)
        session.undo()
        assert_shows(session, df=counts(3))

    # what cannot be stored, and limits

    def test_a_value_that_cannot_be_stored_is_named_and_nothing_is_written(
        self, session: Session, store: Store
    ) -> None:
        committed(session, df=counts())
        session.update(by=counts(3), bad=lambda: None)
        with pytest.raises(UnsupportedValueError, match="bad"):
            session.commit()
        assert len(session.log()) == 1
        assert_shows(store.session(session.id), df=counts())
        del session["bad"]
        committed(session)

    def test_the_cell_that_cannot_be_stored_is_named(self, session: Session) -> None:
        session["df"] = pd.DataFrame({"a": [object()]})
        with pytest.raises(UnsupportedValueError) as caught:
            session.commit()
        assert caught.value.path.startswith("df")
        assert "a" in caught.value.path

    def test_what_cannot_be_stored_does_not_stop_an_undo(self, session: Session) -> None:
        committed(session, df=counts(1))
        committed(session, df=counts(2))
        session["bad"] = bad = lambda: None
        session.undo()
        assert_identical(session["df"], counts(1))
        assert session["bad"] is bad

    def test_a_value_beyond_the_limit_is_refused_and_nothing_is_written(self, url: str) -> None:
        with connect(url, limits=Limits(value_bytes=10_000)) as store:
            session = store.session()
            committed(session, df=counts())
            session["big"] = flights(rows=10_000)
            with pytest.raises(LimitExceededError, match="big"):
                session.commit()
            assert len(session.log()) == 1
