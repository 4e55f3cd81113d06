"""The parts behind attach(): what was seen, hubs, snapshots."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from support.tabs import app, ran, tab_of

import streamlit_redis_session as srs
from streamlit_redis_session.adapter._options import Options
from streamlit_redis_session.adapter._registry import hub_for
from streamlit_redis_session.adapter._saving import Snapshot, apply
from streamlit_redis_session.adapter._seen import Seen
from streamlit_redis_session.errors import ConfigurationError, UnsupportedValueError


def frame(*values: int) -> pd.DataFrame:
    return pd.DataFrame({"a": values})


def refuse(key: str, error: UnsupportedValueError) -> None:
    raise AssertionError((key, error))


# --- what was seen -----------------------------------------------------------------------------


def test_everything_is_a_change_at_first_and_nothing_afterwards() -> None:
    seen, values = Seen(), {"df": frame(1), "n": 3}
    first = seen.changes(values, refuse)

    assert set(first.changed) == {"df"}
    assert first.settings == {"n": 3}
    assert first.is_certain
    assert not seen.changes(values, refuse)


def test_a_snapshot_is_out_of_reach_of_later_writes() -> None:
    df, array, tags = frame(1, 2), np.zeros(2), ["x"]
    snapshot = Seen().changes({"df": df, "array": array, "tags": tags}, refuse)
    df.loc[0, "a"] = 9
    array[0] = 9
    tags.append("y")

    assert snapshot.changed["df"]["a"].tolist() == [1, 2]  # type: ignore[index]
    assert snapshot.changed["array"].tolist() == [0, 0]  # type: ignore[attr-defined]
    assert snapshot.settings == {"tags": ["x"]}


def test_what_only_a_comparison_can_tell_is_snapshotted_again_but_is_not_certain() -> None:
    seen, values = Seen(), {"cells": pd.Series([["a"], ["b"]], dtype=object)}
    seen.changes(values, refuse)
    again = seen.changes(values, refuse)

    assert set(again.changed) == {"cells"}
    assert not again.is_certain


def test_arrays_are_compared_by_what_is_in_them() -> None:
    array = np.zeros(2)
    seen, values = Seen(), {"array": array, "more": {"inside": [array.copy(), 1]}}
    seen.changes(values, refuse)

    assert not seen.changes(values, refuse)
    array[1] = 5

    again = seen.changes(values, refuse)
    assert set(again.changed) == {"array"}
    assert again.is_certain
    array[0] = 7
    assert again.changed["array"].tolist() == [0, 5]  # type: ignore[attr-defined]


def test_what_is_gone_is_forgotten() -> None:
    """Memory must not grow with the keys that an app once had."""
    seen = Seen()
    for n in range(100):
        snapshot = seen.changes({f"df{n}": frame(n), f"n{n}": n}, refuse)
        assert snapshot.removed == ({f"df{n - 1}"} if n else set())

    assert len(seen._data) == 1
    assert len(seen._settings or {}) == 1


def test_an_array_is_not_kept_twice() -> None:
    seen = Seen()
    seen.changes({"array": np.zeros(1000)}, refuse)

    assert seen._data["array"].copy is None


def test_own_settings_are_those_that_the_run_changed() -> None:
    seen = Seen()
    seen.note_settings({"a": 1, "b": 2, "df": frame(1)})
    snapshot = seen.changes({"a": 1, "b": 3, "c": 4}, refuse)

    assert snapshot.own_settings == {"b", "c"}


@pytest.mark.parametrize(
    ("before", "after"),
    [(1, True), (1, 1.0), (0.0, -0.0), ([1], (1,)), ("1", 1), ({"a": 1, "b": 2}, {"b": 2, "a": 1})],
)
def test_settings_that_python_calls_equal_are_told_apart(before: object, after: object) -> None:
    seen = Seen()
    seen.changes({"x": before}, refuse)

    assert seen.changes({"x": after}, refuse).settings == {"x": after}


# --- snapshots ---------------------------------------------------------------------------------


def test_one_snapshot_absorbs_the_next() -> None:
    first = Snapshot(changed={"a": 1, "b": 1}, settings={"n": 1}, removed={"c"}, label="first")
    first.absorb(Snapshot(changed={"b": 2, "c": 2}, removed={"a"}))

    assert first.changed == {"b": 2, "c": 2}
    assert first.removed == {"a"}
    assert first.settings == {"n": 1}
    assert first.label == "first"
    first.absorb(Snapshot(settings={}, label="second"))
    assert first.settings == {}
    assert first.label == "second"


def test_applying_leaves_untracked_and_unstorable_values_alone(memory_url: str) -> None:
    session = srs.connect(memory_url).session()
    session.update({"a": 1, "b": 2, "tmp_c": 3, "df": frame(1), "tmp_df": frame(2)})
    session.commit()
    options = Options("url", ("*",), ("tmp_*",), is_synchronous=False)
    apply(
        Snapshot(settings={"a": 5}, removed={"df", "tmp_df", "never"}, unstorable={"b"}),
        session,
        options.tracks,
    )

    assert set(session) == {"a", "b", "tmp_c", "tmp_df"}
    assert session["a"] == 5


# --- hubs --------------------------------------------------------------------------------------


def test_a_url_and_stores_of_it_share_one_hub(memory_url: str) -> None:
    hub = hub_for(memory_url)

    assert hub_for(memory_url) is hub
    assert hub_for(srs.connect(memory_url)) is hub
    assert hub_for(srs.connect(memory_url, namespace="other")) is not hub
    assert hub_for(srs.connect(memory_url, secret="other")) is not hub
    assert hub_for(srs.connect(memory_url, limits=srs.Limits(value_bytes=7))) is not hub


def test_a_store_that_was_closed_is_not_used_again(memory_url: str) -> None:
    hub = hub_for(memory_url)
    hub.store.close()

    assert hub_for(memory_url) is not hub
    assert hub_for(memory_url).store.session().log() == []


@pytest.mark.parametrize("wrong", [5, b"memory://", ["memory://"], object()])
def test_what_is_neither_store_nor_url_is_refused(wrong: object) -> None:
    with pytest.raises(ConfigurationError, match="store_or_url="):
        hub_for(wrong)  # type: ignore[arg-type]


# --- a tab -------------------------------------------------------------------------------------


def test_an_error_at_the_end_of_a_run_breaks_nothing_and_is_shown(
    memory_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    body = "st.session_state.setdefault('df', pd.DataFrame({'a': [1]}))\nst.button('again')"
    at = ran(app(body, memory_url))
    tab = tab_of(at)

    def fail(_: object) -> None:
        raise ZeroDivisionError("an error of the package")

    tab._take, take = fail, tab._take  # type: ignore[assignment,method-assign]
    ran(at)
    failed = tab.save_state
    assert failed.state == "not-saved"
    assert "an error of the package" in str(failed.reason)
    assert "ZeroDivisionError" in caplog.text
    tab._take = take  # type: ignore[method-assign]
    at.session_state["df"] = frame(1, 2)
    ran(at)
    assert tab.save_state.state == "saved"


def test_opening_and_using_a_session_starts_its_time_to_live_anew(redis_url: str) -> None:
    import redis  # noqa: PLC0415

    at = ran(app("st.session_state.setdefault('df', pd.DataFrame({'a': [1]}))", redis_url))
    tab = tab_of(at)
    assert tab.session is not None
    with redis.Redis.from_url(redis_url) as client:
        keys = [*client.scan_iter(f"*{tab.session.key}*"), *client.scan_iter("srs:c:*")]
        assert keys
        for key in keys:
            client.expire(key, 100)
        again = ran(app("", redis_url, session=tab.session.id))
        assert tab_of(again).hub.writer.flush(timeout_s=10)
        lives_s = {key: client.ttl(key) for key in client.scan_iter(f"*{tab.session.key}*")}

    assert len(lives_s) >= 3
    assert min(lives_s.values()) > 6 * 86_400
