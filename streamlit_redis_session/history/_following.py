"""Refs after a change of our own, without reading them back, and what a change expects of them."""

from __future__ import annotations

from dataclasses import replace

from streamlit_redis_session.errors import ConflictError
from streamlit_redis_session.history import _records as records
from streamlit_redis_session.history._placement import State
from streamlit_redis_session.objects import DEFAULT_BRANCH, Head, RefName, VersionId
from streamlit_redis_session.storage import Transaction


class SweptError(ConflictError):
    """Versions, manifests or chunks were taken away meanwhile: what was planned may rely on them.

    Nothing was written; refs are read again and nothing is taken for stored any more.
    """

    def __init__(self) -> None:
        super().__init__("The history was pruned by another writer meanwhile. Try again.")


class VersionsLostError(ConflictError):
    """The server has gone back to an earlier state, as after a crash or a failover."""

    def __init__(self) -> None:
        super().__init__(
            "The server has lost its last changes. What was shown here is saved again; look at "
            "the history and try again."
        )


def followed(state: State, transaction: Transaction) -> State:
    """Give the refs as a change of ours has left them.

    The seq is only guessed; when others wrote in between, the next ``has_moved`` says so, because
    ours is then behind.
    """
    head, branches, tags, swept = state.head, state.branches, state.tags, state.swept
    for field, value in transaction.set_refs.items():
        if field == records.HEAD_FIELD:
            head = records.head_from_bytes(value)
        elif field == records.SWEPT_FIELD:
            swept = value
        elif field.startswith(records.BRANCH_PREFIX):
            branches = {**branches, records.short_name(field): VersionId(value.decode())}
        else:
            tags = {**tags, records.short_name(field): VersionId(value.decode())}
    gone = set(transaction.delete_refs)
    if gone:
        branches = {k: v for k, v in branches.items() if records.BRANCH_PREFIX + k not in gone}
        tags = {k: v for k, v in tags.items() if records.TAG_PREFIX + k not in gone}
    meta = {**state.meta, **transaction.set_meta} if transaction.set_meta else state.meta
    count = state.version_count - len(transaction.delete_versions)
    if state.head != head:
        count += len(transaction.put_versions)  # an annotation moves nothing
    return replace(
        state,
        seq=state.seq + 1,
        head=head,
        branches=branches,
        tags=tags,
        meta=meta,
        swept=swept,
        version_count=count,
    )


def expect_head(state: State) -> dict[str, bytes | None]:
    """Expect the head that was read; before the first commit the field is absent."""
    head = None
    if state.head != Head(DEFAULT_BRANCH, None) or state.branches:
        head = records.head_to_bytes(state.head)
    return {records.HEAD_FIELD: head, records.SWEPT_FIELD: state.swept}


def expect_branch(state: State, name: RefName) -> dict[str, bytes | None]:
    """Expect a branch as it was read, so that head never goes to one that others have renamed."""
    tip = state.branches.get(name)
    return {records.BRANCH_PREFIX + name: tip.encode() if tip else None}
