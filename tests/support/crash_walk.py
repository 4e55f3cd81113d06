"""A session that is used over a connection that breaks, beside a model of plain dicts.

After every step the model says what must be; after a step whose answer never came it allows two
states, that before and that after, and nothing else.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from redis.backoff import NoBackoff
from redis.retry import Retry

from streamlit_redis_session import (
    NotFoundError,
    RefExistsError,
    Session,
    SessionNotFoundError,
    StorageUnavailableError,
    Store,
    connect,
)
from streamlit_redis_session.objects import VersionId
from support.consistency import Findings, assert_consistent
from support.crash_proxy import CrashProxy, Cut
from support.model import Model, View

Recovery = Literal["again", "dead"]
"""What the app does after an error: the same call once more, or a new process takes over."""


@dataclass(frozen=True)
class Step:
    """One call of a session, and what it means."""

    name: str
    call: Callable[[Session], object]
    follow: Callable[[View, str | None], None]
    """Makes the model's view what it must be afterwards; is told the version of head."""
    makes_version: bool = False


def value_of(serial: int) -> pd.DataFrame:
    """The frame that a number stands for.

    Some have all in their manifest, some have chunks that travel in the script, and negative ones
    are too large for that.
    """
    if serial >= 0 and serial % 3:
        numbers = np.random.default_rng(serial).random(200)
        return pd.DataFrame({"n": numbers, "t": [f"t{serial}"] * 200})
    if serial >= 0:
        return pd.DataFrame({"n": np.arange(3) + serial, "t": [f"t{serial}"] * 3})
    return pd.DataFrame({"x": np.random.default_rng(-serial).random(25_000)})


def open_store(url: str) -> Store:
    """A store that tries again as it always does, but without the pause before."""
    store = connect(url)
    pool = store._backend._client.connection_pool  # type: ignore[attr-defined]
    pool.connection_kwargs["retry"] = Retry(NoBackoff(), 1)
    return store


class CrashWalk:
    """One session from its first version to its last."""

    def __init__(self, proxy: CrashProxy, url: str, rng: random.Random) -> None:
        self.proxy = proxy
        self.url = url
        """The server itself, without the proxy."""
        self.rng = rng
        self.view = View(Model())
        self.id = secrets.token_urlsafe(32)
        self.serial = rng.randrange(10**6)
        self.store = open_store(proxy.url)
        self.session = self.store.session(self.id, create=True)
        self.is_deleted = False

    def close(self) -> None:
        self.store.close()

    def perform(self, step: Step, *cuts: Cut, recovery: Recovery = "dead") -> None:
        """Do a step while the connection breaks, recover, and compare with the model."""
        self.proxy.arm(*cuts)
        try:
            step.call(self.session)
        except StorageUnavailableError:
            self.proxy.open()
            if recovery == "again":
                self._again(step)
            else:
                self._take_over(step)
            return
        self.proxy.open()
        step.follow(self.view, self._head(step))
        self.compare()

    def _again(self, step: Step) -> None:
        """The same call may be made again; where it names a ref, that may exist or be gone."""
        try:
            step.call(self.session)
        except (RefExistsError, SessionNotFoundError):
            pass
        except NotFoundError:
            self.session.refresh()
        step.follow(self.view, self._head(step))
        self.compare()

    def _head(self, step: Step) -> str | None:
        return self.session.head.version if step.makes_version else None

    def _take_over(self, step: Step) -> None:
        """A process that knows the id alone: everything is as before the step, or as after it."""
        self.store.close()
        self.store = open_store(self.proxy.url)
        try:
            self.session = self.store.session(self.id)
        except SessionNotFoundError:
            assert step.name == "delete", "a session is gone that nobody deleted"
            self.is_deleted = True
            return
        before, after = self.view, deepcopy(self.view)
        if not step.makes_version:
            step.follow(after, None)
        else:
            new = {v.id for v in self.session.graph().versions} - set(before.model.nodes)
            assert len(new) <= 1, "one commit made several versions"
            if new:
                step.follow(after, new.pop())
        for view in (before, after):
            view.data = view.model.data_at(view.model.at)
            view.settings = dict(view.model.saved_settings)
        self.view = after if _shows(self.session, after) else before
        self.compare()

    def compare(self) -> None:
        """Fail unless the session shows what the model does."""
        if not self.is_deleted and not _shows(self.session, self.view):
            shown = (self.session.head, self.session.graph().branches, dict(self.session))
            raise AssertionError(f"{shown} is not {self.view}")

    def check(self) -> Findings | None:
        """Read everything from the server itself, in a store that has seen nothing."""
        if self.is_deleted:
            return None
        nodes = self.view.model.nodes
        values = {
            VersionId(version): {key: value_of(serial) for key, serial in node.data.items()}
            for version, node in nodes.items()
        }
        findings = assert_consistent(self.url, self.id, values)
        assert findings.versions == len(nodes), "a version that no commit made"
        return findings


def _shows(session: Session, view: View) -> bool:
    graph, model = session.graph(), view.model
    return (
        (session.head.branch, session.head.version) == (model.branch, model.at)
        and dict(graph.branches) == model.branches
        and dict(graph.tags) == model.tags
        and {version.id for version in graph.versions} == model.reached()
        and set(session) == set(view.shown())
        and {key: session[key] for key in view.settings} == view.settings
    )
