"""Mistakes in the protocol, put in on purpose: the suite must notice each of them.

A mutant changes one function, or one line of a script, as a person could get it wrong, and names a
check of ``support.protocol`` that has to fail then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest
from support import protocol

from streamlit_redis_session.history import (
    Draft,
    Landing,
    Repository,
    State,
    _joining,
    _looking,
    _placement,
    _repository,
)
from streamlit_redis_session.history._leases import LeaseBook
from streamlit_redis_session.objects import Head, Version, VersionId
from streamlit_redis_session.session import _core, _lifetime
from streamlit_redis_session.session._working import WorkingValues
from streamlit_redis_session.storage import Outcome, Transaction, _memory
from streamlit_redis_session.storage._memory import MemoryBackend

Check = Callable[..., None]
Patch = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True)
class Mutant:
    """One mistake, and who must notice it."""

    name: str
    patch: Patch
    check: Check

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Make the mistake for a while."""
        with pytest.MonkeyPatch.context() as monkeypatch:
            self.patch(monkeypatch)
            yield


MUTANTS: list[Mutant] = []


def noticed_by(check: Check) -> Callable[[Patch], Patch]:
    """Enter a mistake, under the function's name."""

    def enter(patch: Patch) -> Patch:
        MUTANTS.append(Mutant(patch.__name__, patch, check))
        return patch

    return enter


# in which order things are written


@noticed_by(protocol.what_a_process_leaves_behind_is_whole)
def chunks_are_written_after_the_version(monkeypatch: pytest.MonkeyPatch) -> None:
    real = Repository.commit

    def commit(self: Repository, draft: Draft, **kwargs: Any) -> Any:
        done = real(self, replace(draft, chunks={}), **kwargs)
        if draft.chunks:
            self._backend.put_chunks(draft.chunks, lease_s=draft.lease_s)
        return done

    monkeypatch.setattr(Repository, "commit", commit)


def _in_two(monkeypatch: pytest.MonkeyPatch, first: Callable[[Transaction], Transaction]) -> None:
    """Apply a part of each transaction before the whole."""
    real = Repository.transact

    def transact(self: Repository, plan: Callable[..., Any], **kwargs: Any) -> None:
        def both(state: State, tx_id: str) -> Transaction | None:
            whole: Transaction | None = plan(state, tx_id)
            if whole is not None and whole.put_versions:
                self._backend.transact(self.key, replace(first(whole), tx_id="x" + tx_id[1:]))
                whole = replace(whole, expect={})
            return whole

        real(self, both, **kwargs)

    monkeypatch.setattr(Repository, "transact", transact)


@noticed_by(protocol.what_a_process_leaves_behind_is_whole)
def head_is_moved_before_there_is_a_version(monkeypatch: pytest.MonkeyPatch) -> None:
    _in_two(monkeypatch, lambda t: replace(t, put_versions={}, put_tables={}, put_chunks={}))


@noticed_by(protocol.what_a_process_leaves_behind_is_whole)
def the_version_is_written_before_its_manifests(monkeypatch: pytest.MonkeyPatch) -> None:
    _in_two(monkeypatch, lambda t: replace(t, put_tables={}))


@noticed_by(protocol.what_a_process_leaves_behind_is_whole)
def small_chunks_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    real = Repository.commit
    monkeypatch.setattr(
        Repository, "commit", lambda self, draft, **kw: real(self, replace(draft, chunks={}), **kw)
    )


# what a change expects, and what its answer means


def _changed(monkeypatch: pytest.MonkeyPatch, **parts: Any) -> None:
    real = MemoryBackend.transact
    monkeypatch.setattr(
        MemoryBackend, "transact", lambda self, key, t: real(self, key, replace(t, **parts))
    )


@noticed_by(protocol.commits_of_one_value_make_two_branches)
def nothing_is_expected_of_refs(monkeypatch: pytest.MonkeyPatch) -> None:
    _changed(monkeypatch, expect={})


@noticed_by(protocol.another_incarnation_is_another_session)
def the_epoch_is_not_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    real = MemoryBackend.transact

    def transact(self: MemoryBackend, key: Any, transaction: Transaction) -> Outcome:
        session = self._open().sessions.get(key)
        epoch = session.epoch if session else transaction.epoch
        return real(self, key, replace(transaction, epoch=epoch))

    monkeypatch.setattr(MemoryBackend, "transact", transact)


@noticed_by(protocol.a_change_that_is_sent_twice_happens_once)
def changes_that_were_applied_are_not_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    real = _memory._apply

    def apply(session: Any, transaction: Transaction) -> None:
        real(session, transaction)
        session.applied.clear()

    monkeypatch.setattr(_memory, "_apply", apply)


@noticed_by(protocol.commits_of_two_values_make_one_line_with_both)
def every_change_has_the_same_id(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_repository, "new_nonce", lambda: "n" * 14)


def _outcome(monkeypatch: pytest.MonkeyPatch, taken_for_applied: Outcome) -> None:
    real = MemoryBackend.transact

    def transact(self: MemoryBackend, key: Any, transaction: Transaction) -> Outcome:
        outcome = real(self, key, transaction)
        return Outcome.APPLIED if outcome is taken_for_applied else outcome

    monkeypatch.setattr(MemoryBackend, "transact", transact)


@noticed_by(protocol.commits_of_one_value_make_two_branches)
def a_lost_race_is_taken_for_success(monkeypatch: pytest.MonkeyPatch) -> None:
    _outcome(monkeypatch, Outcome.CONFLICT)


@noticed_by(protocol.another_incarnation_is_another_session)
def a_session_that_is_gone_is_taken_for_success(monkeypatch: pytest.MonkeyPatch) -> None:
    _outcome(monkeypatch, Outcome.GONE)


@noticed_by(protocol.commits_of_two_values_make_one_line_with_both)
def refs_are_not_read_again_after_a_lost_race(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Repository, "reload", lambda _: None)


@noticed_by(protocol.a_change_is_seen_by_who_follows)
def nobody_ever_seems_to_have_moved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Repository, "has_moved", lambda _: False)


# where a version belongs


def _landing(monkeypatch: pytest.MonkeyPatch, wrong: Callable[..., Landing | None]) -> None:
    real = _placement._make
    monkeypatch.setattr(
        _placement,
        "_make",
        lambda draft, state, vs: wrong(draft, state, vs) or real(draft, state, vs),
    )


@noticed_by(protocol.commits_of_one_value_make_two_branches)
def changes_of_one_value_are_rebased(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        _placement,
        "_merge",
        lambda draft, state, vs: {**vs[state.head.version].values, **draft.values},
    )


@noticed_by(protocol.commits_of_two_values_make_one_line_with_both)
def what_others_changed_is_dropped_by_a_rebase(monkeypatch: pytest.MonkeyPatch) -> None:
    real = _placement._merge
    monkeypatch.setattr(_placement, "_merge", lambda *a: real(*a) and a[0].values)


@noticed_by(protocol.commits_of_two_values_make_one_line_with_both)
def nothing_is_ever_rebased(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_placement, "_descends", lambda *_: False)


@noticed_by(protocol.an_edit_after_undo_keeps_the_old_tip)
def an_edit_after_undo_takes_the_branch_along(monkeypatch: pytest.MonkeyPatch) -> None:
    _landing(
        monkeypatch,
        lambda draft, *_: Landing("commit", draft.base.branch, draft.base.version, draft.values),
    )


@noticed_by(protocol.an_edit_after_undo_keeps_the_old_tip)
def the_name_of_a_new_branch_may_be_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_placement, "automatic_name", lambda base, _: f"{base[:4]}-2")


@noticed_by(protocol.the_same_edit_after_undo_is_the_redo)
def a_redo_is_not_recognised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_placement, "redo_path", lambda *_: ())


@noticed_by(protocol.a_repeated_edit_does_not_pull_others_back)
def a_redo_pulls_back_who_is_past_it(monkeypatch: pytest.MonkeyPatch) -> None:
    real = _placement._find

    def find(draft: Draft, state: State, versions: Mapping[VersionId, Version]) -> Landing | None:
        return real(draft, replace(state, head=draft.base), versions)

    monkeypatch.setattr(_placement, "_find", find)


@noticed_by(protocol.one_commit_made_twice_is_one_version)
def what_is_there_already_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_placement, "_find", lambda *_: None)


@noticed_by(protocol.a_renamed_branch_keeps_head)
def an_undo_brings_back_the_old_name_of_a_branch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Repository, "branch_for", lambda _, __, head: head.branch)


# joined steps


def _may_replace(monkeypatch: pytest.MonkeyPatch, blind: Callable[[State, Head], State]) -> None:
    real = _joining.may_replace

    def may(version_id: Any, base: Head, state: State, versions: Any) -> bool:
        return real(version_id, base, blind(state, base), versions)

    monkeypatch.setattr(_placement, "may_replace", may)
    monkeypatch.setattr(_looking, "may_replace", may)


@noticed_by(protocol.a_named_version_is_not_dragged_away)
def a_tag_does_not_keep_a_version(monkeypatch: pytest.MonkeyPatch) -> None:
    _may_replace(monkeypatch, lambda state, _: replace(state, tags={}))


@noticed_by(protocol.a_named_version_is_not_dragged_away)
def a_branch_does_not_keep_a_version(monkeypatch: pytest.MonkeyPatch) -> None:
    _may_replace(
        monkeypatch,
        lambda state, base: replace(
            state, branches={k: v for k, v in state.branches.items() if k == base.branch}
        ),
    )


@noticed_by(protocol.a_version_that_others_went_on_from_is_not_dragged_away)
def what_others_made_of_a_version_does_not_keep_it(monkeypatch: pytest.MonkeyPatch) -> None:
    _may_replace(
        monkeypatch,
        lambda state, base: replace(
            state,
            head=base,
            branches={**state.branches, **({base.branch: base.version} if base.version else {})},
        ),
    )


@noticed_by(protocol.a_drag_is_one_version_with_the_parent_of_the_first)
def a_joined_step_has_the_step_before_as_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        _placement,
        "_join",
        lambda d, _: Landing("join", d.base.branch, d.replaces, d.values),
    )


@noticed_by(protocol.a_drag_is_one_version_with_the_parent_of_the_first)
def a_joined_step_says_only_what_its_end_did(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        WorkingValues, "changes_since", lambda self, _, __, staged: self.changes(staged)
    )


@noticed_by(protocol.a_drag_that_leads_back_leaves_no_step)
def a_step_that_leads_back_leaves_the_branch_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Landing, "moves_branch", Landing.makes_version)


@noticed_by(protocol.a_drag_that_leads_back_leaves_no_step)
def the_values_from_before_a_drag_are_not_recognised(monkeypatch: pytest.MonkeyPatch) -> None:
    real = _placement._join

    def join(draft: Draft, versions: Any) -> Landing:
        return replace(real(draft, versions), how="join")

    monkeypatch.setattr(_placement, "_join", join)


@noticed_by(protocol.who_saw_a_dragged_version_is_rebased)
def what_took_a_version_s_place_is_not_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_placement, "stand_in", lambda *_: None)


@noticed_by(protocol.who_saw_a_dragged_version_is_rebased)
def a_version_does_not_say_whose_place_it_took(monkeypatch: pytest.MonkeyPatch) -> None:
    real = _placement.blank_version
    monkeypatch.setattr(_repository, "blank_version", lambda *a: replace(real(*a), replaces=None))


# leases


@noticed_by(protocol.chunks_live_as_long_as_their_session)
def leases_are_shorter_than_sessions_live(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (_lifetime, _core):
        monkeypatch.setattr(module, "lease_s", lambda ttl_s: ttl_s // 2)


@noticed_by(protocol.a_chunk_that_is_gone_is_stored_again)
def every_chunk_is_believed_to_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LeaseBook, "stale", lambda *_, **__: [])
    monkeypatch.setattr(LeaseBook, "stale_parts", lambda *_, **__: [])
