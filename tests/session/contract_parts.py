"""What the parts of the contract need: a store, and sessions in it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any

import pytest
from support.identical import assert_identical

from streamlit_redis_session import Session, Store, Version, connect


class SessionParts(ABC):
    @pytest.fixture
    @abstractmethod
    def url(self) -> str:
        """The URL of a store that is empty and this test's own."""

    @pytest.fixture
    def store(self, url: str) -> Iterator[Store]:
        with connect(url) as store:
            yield store

    @pytest.fixture
    def session(self, store: Store) -> Session:
        return store.session()


def committed(session: Session, message: str | None = None, **values: Any) -> Version:
    """Set some values and commit; there must be something to commit."""
    session.update(values)
    version = session.commit(message)
    assert version is not None
    return version


def assert_shows(session: Session, **values: Any) -> None:
    """Fail unless the session shows exactly these values."""
    assert set(session) == set(values)
    for key, value in values.items():
        assert_identical(session[key], value, key)


def frame_of(session: Session, key: str = "df") -> Any:
    """Read a frame, typed as anything."""
    return session[key]
