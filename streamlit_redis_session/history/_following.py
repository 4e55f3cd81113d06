"""What refs are after a change of our own, without reading them back. Pure."""

from __future__ import annotations

from streamlit_redis_session.history import _records as records
from streamlit_redis_session.history._placement import State
from streamlit_redis_session.objects import VersionId
from streamlit_redis_session.storage import Transaction


def followed(state: State, transaction: Transaction) -> State:
    """Give the state that a transaction leaves.

    The seq is only guessed; when others wrote in between, the next ``has_moved`` says so, because
    ours is then behind.
    """
    head, branches, tags = state.head, state.branches, state.tags
    for field, value in transaction.set_refs.items():
        if field == records.HEAD_FIELD:
            head = records.head_from_bytes(value)
        elif field.startswith(records.BRANCH_PREFIX):
            branches = {**branches, records.short_name(field): VersionId(value.decode())}
        else:
            tags = {**tags, records.short_name(field): VersionId(value.decode())}
    gone = set(transaction.delete_refs)
    if gone:
        branches = {k: v for k, v in branches.items() if records.BRANCH_PREFIX + k not in gone}
        tags = {k: v for k, v in tags.items() if records.TAG_PREFIX + k not in gone}
    meta = {**state.meta, **transaction.set_meta} if transaction.set_meta else state.meta
    return State(state.epoch, state.seq + 1, head, branches, tags, meta)
