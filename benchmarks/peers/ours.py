"""The package itself, through its public surface."""

from __future__ import annotations

import pandas as pd

import streamlit_redis_session as srs
from benchmarks.peers._base import Frames, Peer, Place


class Ours(Peer):
    """A session; a version of it is a version."""

    label = "streamlit-redis-session"

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self.store = srs.connect(place.url)
        self.session: srs.Session | None = None

    def begin(self) -> str:
        self.session = self.store.session()
        return self.session.id

    def resume(self, session: str) -> None:
        self.session = self.store.session(session)

    def save(self, frames: Frames, *, appended: pd.DataFrame | None = None) -> str:
        del appended
        session = self.session
        assert session is not None
        for name, frame in frames.items():
            session[name] = frame
        session.commit()
        assert session.head.version is not None
        return session.head.version

    def load(self, version: str) -> Frames:
        assert self.session is not None
        self.session.checkout(version)
        return self._frames()

    def undo(self, previous: str) -> Frames:
        assert self.session is not None
        version = self.session.undo()
        assert version.id == previous
        return self._frames()

    def list_versions(self) -> int:
        assert self.session is not None
        return len(self.session.graph().versions)

    def _frames(self) -> Frames:
        assert self.session is not None
        frames = {name: self.session[name] for name in self.session}
        return {name: frame for name, frame in frames.items() if isinstance(frame, pd.DataFrame)}

    def end(self) -> None:
        if self.session is not None:
            self.store.delete(self.session.id)

    def close(self) -> None:
        self.store.close()


PEER = Ours
