"""A random walk over a session, beside a model of plain dicts.

Values are small numbers in the model and frames of that many rows in the session, so that equal
numbers are equal frames. The walk keeps the mapping, head, the log, the branches, the tags and
every version ever made in step with the model, and reopens the session now and then.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from support.identical import assert_identical
from support.model import Model, View
from support.servers import RedisServer

from streamlit_redis_session import (
    NothingToRedoError,
    NothingToUndoError,
    RefExistsError,
    Session,
    Store,
    connect,
)

from .frames import counts

DATA_KEYS = st.sampled_from(["df", "by", "third"])
SETTING_KEYS = st.sampled_from(["chart", "slider"])
NAMES = st.sampled_from(["main", "side", "what-if", "main-2", "größe"])
NUMBERS = st.integers(1, 4)


class SessionWalk(RuleBasedStateMachine):
    """One session and, where a rule says so, a second object of the same id."""

    url = "memory://walk"

    def __init__(self) -> None:
        super().__init__()
        self.keeper = connect(self.url)
        self.store: Store = connect(self.url)
        self.session: Session = self.store.session()
        self.model = Model()
        self.view = View(self.model)
        self.new = 10

    @initialize(number=NUMBERS)
    def begin(self, number: int) -> None:
        self.put("df", number)
        self.commit()

    # working values

    def put(self, key: str, number: int) -> None:
        self.session[key] = counts(number)
        self.view.data[key] = number

    @rule(key=DATA_KEYS, number=NUMBERS)
    def set_a_value(self, key: str, number: int) -> None:
        self.put(key, number)

    @rule(key=DATA_KEYS)
    def edit_a_value_in_place(self, key: str) -> None:
        if key in self.view.data:
            frame: Any = self.session[key]
            frame.loc[len(frame)] = counts(len(frame) + 1).iloc[-1]
            self.view.data[key] += 1

    @rule(key=DATA_KEYS)
    def delete_a_value(self, key: str) -> None:
        if key in self.view.data:
            del self.session[key]
            del self.view.data[key]

    @rule(key=SETTING_KEYS, number=NUMBERS)
    def change_a_setting(self, key: str, number: int) -> None:
        self.session[key] = number
        self.view.settings[key] = number

    @rule(key=SETTING_KEYS)
    def delete_a_setting(self, key: str) -> None:
        self.session.pop(key, None)
        self.view.settings.pop(key, None)

    # moves

    @rule()
    def commit(self) -> None:
        how = self.view.expect_commit()
        version = self.session.commit()
        assert (version is None) == (how == "nothing")
        self.view.committed(how, version.id if version else None)

    def commit_before_a_move(self) -> None:
        """Moves commit what is uncommitted; the session tells the id by its head afterwards."""
        self.commit()

    @rule(steps=st.integers(1, 3))
    def undo(self, steps: int) -> None:
        self.commit_before_a_move()
        line = self.model.line(self.model.at)
        if steps < len(line):
            assert self.session.undo(steps).id == line[steps]
            self.view.go(self.model.branch, line[steps])
        else:
            with pytest.raises(NothingToUndoError):
                self.session.undo(steps)

    @rule(steps=st.integers(1, 3))
    def redo(self, steps: int) -> None:
        self.commit_before_a_move()
        line = self.model.redo_line()
        if steps <= len(line):
            assert self.session.redo(steps).id == line[steps - 1]
            self.view.go(self.model.branch, line[steps - 1])
        else:
            with pytest.raises(NothingToRedoError):
                self.session.redo(steps)

    @precondition(lambda self: self.view.is_dirty and not self.model.redo_line())
    @rule()
    def undo_of_an_uncommitted_edit_only_undoes_the_edit(self) -> None:
        before = self.model.at
        assert before is not None
        assert self.session.undo().id == before
        made = self.session.redo_path()[0]
        self.view.committed(self.view.expect_commit(), made)
        self.view.go(self.model.branch, before)

    @rule(data=st.data())
    def checkout(self, data: st.DataObject) -> None:
        self.commit_before_a_move()
        version = data.draw(st.sampled_from(list(self.model.nodes)))  # ids are random: no sorting
        assert self.session.checkout(version).id == version
        branch = self.session.head.branch
        holders = {b for b, tip in self.model.branches.items() if version in self.model.line(tip)}
        if self.model.branch in holders:
            assert branch == self.model.branch
        else:
            assert branch in (holders or {self.model.branch})
        self.view.go(branch, version)

    @rule(data=st.data())
    def checkout_of_one_value(self, data: st.DataObject) -> None:
        self.commit_before_a_move()
        version = data.draw(st.sampled_from(list(self.model.nodes)))
        for key, number in sorted(self.model.data_at(version).items())[:1]:
            self.session.checkout(version, keys=[key])
            self.view.data[key] = number

    # names

    @rule(name=NAMES)
    def create_branch(self, name: str) -> None:
        self.commit_before_a_move()
        if name in self.model.branches or name in self.model.tags:
            with pytest.raises(RefExistsError):
                self.session.create_branch(name)
        else:
            self.session.create_branch(name)
            assert self.model.at is not None
            self.model.branches[name] = self.model.at

    @rule(data=st.data())
    def switch(self, data: st.DataObject) -> None:
        self.commit_before_a_move()
        name = data.draw(st.sampled_from(sorted(self.model.branches)))
        self.session.switch(name)
        self.view.go(name, self.model.branches[name])

    @rule(name=NAMES, data=st.data())
    def rename_branch(self, name: str, data: st.DataObject) -> None:
        self.commit_before_a_move()
        old = data.draw(st.sampled_from(sorted(self.model.branches)))
        if name in self.model.branches or name in self.model.tags:
            with pytest.raises(RefExistsError):
                self.session.rename_branch(old, name)
            return
        self.session.rename_branch(old, name)
        self.model.branches[name] = self.model.branches.pop(old)
        self.model.branch = name if self.model.branch == old else self.model.branch

    @rule(data=st.data())
    def delete_branch(self, data: st.DataObject) -> None:
        self.commit_before_a_move()
        others = sorted(set(self.model.branches) - {self.model.branch})
        if others:
            name = data.draw(st.sampled_from(others))
            self.session.delete_branch(name)
            del self.model.branches[name]

    @rule(name=st.sampled_from(["v1", "v2", "main-3"]))
    def tag_or_delete_the_tag(self, name: str) -> None:
        self.commit_before_a_move()
        if name in self.model.tags:
            self.session.delete_tag(name)
            del self.model.tags[name]
        elif name not in self.model.branches:
            self.session.tag(name)
            assert self.model.at is not None
            self.model.tags[name] = self.model.at

    # retention

    @rule(newest=st.integers(0, 5), elsewhere=st.booleans())
    def prune(self, newest: int, elsewhere: bool) -> None:
        """By us, or by another process, which we follow."""
        self.commit_before_a_move()
        gone = self.model.prune(min(newest, len(self.model.nodes)))
        if not elsewhere:
            report = self.session.prune(keep=newest)
        else:
            with connect(self.url) as store:
                report = store.session(self.session.id).prune(keep=newest)
            self.session.refresh()
        assert {v.id for v in report.removed} == gone
        assert {v.id for v in self.session.graph().versions} == set(self.model.nodes)

    @rule(key=DATA_KEYS, number=NUMBERS)
    def another_process_prunes_while_we_edit(self, key: str, number: int) -> None:
        """The commit lands where it would have: head always stays."""
        self.commit_before_a_move()
        self.put(key, number)
        with connect(self.url) as store:
            store.session(self.session.id).prune(keep=0)
        self.model.prune(0)
        self.commit()
        self.session.refresh()

    # other processes

    @rule()
    def reopen_from_a_fresh_store(self) -> None:
        """What was not committed is gone; settings are as they were saved last."""
        store = connect(self.url)
        self.session = store.session(self.session.id)
        self.store.close()
        self.store = store
        self.view.data = self.model.data_at(self.model.at)
        self.view.settings = dict(self.model.saved_settings)

    @precondition(
        lambda self: not self.model.redo_line() and self.model.branch in self.model.branches
    )
    @rule(key=DATA_KEYS, number=NUMBERS)
    def another_process_commits_and_we_follow(self, key: str, number: int) -> None:
        self.commit_before_a_move()
        if self.model.branches[self.model.branch] != self.model.at:
            return
        other = View(self.model, self.model.data_at(self.model.at), dict(self.view.settings))
        with connect(self.url) as store:
            session = store.session(self.session.id)
            session[key] = counts(number)
            other.data[key] = number
            how = other.expect_commit()
            version = session.commit()
            other.committed(how, version.id if version else None)
        assert self.session.refresh() == (how != "nothing")
        self.view.data, self.view.settings = other.data, other.settings

    @precondition(lambda self: not self.model.redo_line())
    @rule(theirs=DATA_KEYS, ours=DATA_KEYS)
    def two_processes_commit_at_once(self, theirs: str, ours: str) -> None:
        """Different values: one line with both. The same value: two branches."""
        self.commit_before_a_move()
        base = self.model.at
        if self.model.branches.get(self.model.branch) != base:
            return
        branch = self.model.branch
        self.new += 40  # a number that no value can have reached by edits
        with connect(self.url) as store:
            other = store.session(self.session.id)
            their_view = View(self.model, self.model.data_at(base), dict(self.view.settings))
            other[theirs] = counts(self.new)
            their_view.data[theirs] = self.new
            self.session[ours] = counts(self.new + 1)
            first = other.commit()
            assert first is not None
            their_view.committed("commit", first.id)
        second = self.session.commit()
        assert second is not None
        if theirs == ours:
            self.view.data[ours] = self.new + 1
            self.model.branch, self.model.at = branch, base
            self.view.committed("branch", second.id)
        else:
            self.view.data |= {theirs: self.new, ours: self.new + 1}
            self.view.committed("commit", second.id)

    # what always holds

    @invariant()
    def the_mapping_shows_the_values(self) -> None:
        expected = {
            **{key: counts(number) for key, number in self.view.data.items()},
            **self.view.settings,
        }
        assert set(self.session) == set(expected)
        for key, value in expected.items():
            assert_identical(self.session[key], value, key)
        assert self.session.is_dirty == self.view.is_dirty

    @invariant()
    def head_branches_tags_and_log_are_the_models(self) -> None:
        head, graph = self.session.head, self.session.graph()
        assert (head.branch, head.version) == (self.model.branch, self.model.at)
        assert graph.branches == self.model.branches
        assert graph.tags == self.model.tags
        assert [v.id for v in self.session.log()] == self.model.line(self.model.at)
        assert list(self.session.redo_path()) == self.model.redo_line()
        assert self.session.can_undo == (len(self.model.line(self.model.at)) > 1)

    def teardown(self) -> None:
        """Read every version that was ever acknowledged, in a process that saw none of it."""
        with connect(self.url) as fresh:
            assert fresh.verify(self.session.id).faults == ()
            session = fresh.session(self.session.id)
            for version, node in self.model.nodes.items():
                for key, number in node.data.items():
                    assert_identical(session.read(version, key), counts(number), key)
            session.delete()
        self.store.close()
        self.keeper.close()


STEPS = settings(
    max_examples=25,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


def walk(url: str, how: settings) -> None:
    machine = type("Walk", (SessionWalk,), {"url": url})
    run_state_machine_as_test(machine, settings=how)


def test_a_walk_in_memory_agrees_with_the_model() -> None:
    walk(f"memory://{secrets.token_hex(4)}", STEPS)


@pytest.mark.slow
def test_a_long_walk_in_memory_agrees_with_the_model() -> None:
    walk(f"memory://{secrets.token_hex(4)}", settings(STEPS, max_examples=400))


@pytest.fixture(scope="module")
def own_server() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


@pytest.mark.slow
def test_a_walk_on_a_real_server_agrees_with_the_model(own_server: RedisServer) -> None:
    walk(own_server.url, settings(STEPS, max_examples=30))
