"""What a session may hold, and what happens beyond."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from streamlit_redis_session import LimitExceededError, Limits, connect

from .contract_parts import SessionParts, assert_shows, committed, frame_of
from .frames import counts


def noise(seed: int, rows: int = 4_000) -> pd.DataFrame:
    """Numbers that no compression makes smaller: 32,000 bytes."""
    return pd.DataFrame({"x": np.random.default_rng(seed).random(rows)})


class LimitsContract(SessionParts):
    def test_beyond_its_bytes_a_session_takes_nothing_more_and_keeps_working(
        self, url: str
    ) -> None:
        with connect(url, limits=Limits(session_bytes=100_000)) as store:
            session = store.session()
            for seed in range(3):
                committed(session, df=noise(seed))
            session["df"] = noise(4)
            for _ in range(2):
                with pytest.raises(LimitExceededError, match=r"prune\(keep"):
                    session.commit()
                assert_shows(session, df=noise(4))
                assert len(session.log()) == 3
            frame_of(session).loc[0, "x"] = 1.0
            assert_shows(store.session(session.id), df=noise(2))

            session.prune(keep=1)
            assert session.commit() is not None
            assert_shows(store.session(session.id), df=session["df"])

    def test_bytes_are_those_of_the_store_and_count_once(self, url: str) -> None:
        """What compresses well, or is there already, is less than it looks."""
        with connect(url, limits=Limits(session_bytes=100_000)) as store:
            session = store.session()
            committed(session, df=noise(1))
            for number in range(8):
                session[f"copy {number}"] = noise(1)
                session[f"zeros {number}"] = pd.DataFrame({"x": np.zeros(20_000)})
                assert session.commit() is not None

    def test_many_versions_lose_the_oldest_but_no_tag_and_no_first(self, url: str) -> None:
        with connect(url, limits=Limits(session_versions=10)) as store:
            session = store.session()
            committed(session, df=counts(1))
            tagged = committed(session, df=counts(2))
            session.tag("good")
            for number in range(3, 40):
                committed(session, df=counts(number))
                assert len(session.graph().versions) <= 12
            log = session.log()
            assert tagged.id in {v.id for v in log}
            assert log[-1].parents == ()
            assert_shows(session, df=counts(39))
            assert session.undo().id == log[1].id
            assert_shows(session, df=counts(38))

    def test_without_a_limit_all_stay(self, url: str) -> None:
        with connect(url, limits=Limits(session_versions=None)) as store:
            session = store.session()
            for number in range(1, 15):
                committed(session, df=counts(number))
            assert len(session.graph().versions) == 14
