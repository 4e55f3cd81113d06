"""The steps of a walk over a breaking connection: every call of a session that writes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from support.crash_walk import CrashWalk, Step, value_of
from support.model import View

Maker = Callable[[CrashWalk], "Step | None"]
"""Makes a step of a walk, or nothing where the state does not allow it."""


def commit(walk: CrashWalk) -> Step:
    """One value changes, now and then a setting with it."""
    walk.serial += 1
    key, settings = walk.rng.choice("ab"), {}
    if walk.rng.random() < 0.3:
        settings = {"n": walk.serial}
    return _commit("commit", {key: walk.serial}, settings)


def commit_much(walk: CrashWalk) -> Step:
    """More bytes than a script takes along: chunks go before it."""
    walk.serial += 1
    return _commit("commit much", {"large": -walk.serial}, {})


def save_a_setting(walk: CrashWalk) -> Step:
    walk.serial += 1
    return _commit("save a setting", {}, {"n": walk.serial})


def _commit(name: str, data: Mapping[str, int], settings: Mapping[str, int]) -> Step:
    def follow(view: View, version: str | None) -> None:
        view.data.update(data)
        view.settings.update(settings)
        view.committed(view.expect_commit(), version)

    values = {**{key: value_of(serial) for key, serial in data.items()}, **settings}
    return Step(
        name,
        lambda session: (session.update(values), session.commit()),
        follow,
        makes_version=bool(data),
    )


def undo(walk: CrashWalk) -> Step | None:
    line = walk.view.model.line(walk.view.model.at)
    if len(line) < 2:
        return None
    target = walk.rng.choice(line[1:4])
    steps = line.index(target)
    return Step("undo", lambda s: s.undo(steps), lambda v, _: v.go(v.model.branch, target))


def redo(walk: CrashWalk) -> Step | None:
    line = walk.view.model.redo_line()
    if not line:
        return None
    return Step("redo", lambda s: s.redo(), lambda v, _: v.go(v.model.branch, line[0]))


def checkout(walk: CrashWalk) -> Step | None:
    """By its distance from head, so that the branch stays."""
    line = walk.view.model.line(walk.view.model.at)
    if len(line) < 2:
        return None
    steps = walk.rng.randrange(1, len(line))
    target = line[steps]
    return Step("checkout", lambda s: s.checkout(target), lambda v, _: v.go(v.model.branch, target))


def create_branch(walk: CrashWalk) -> Step:
    name = f"side-{walk.rng.getrandbits(32)}"

    def follow(view: View, _: str | None) -> None:
        assert view.model.at is not None
        view.model.branches[name] = view.model.at

    return Step("create a branch", lambda s: s.create_branch(name), follow)


def switch(walk: CrashWalk) -> Step | None:
    name = _other_branch(walk)
    if name is None:
        return None
    tip = walk.view.model.branches[name]
    return Step("switch", lambda s: s.switch(name), lambda v, _: v.go(name, tip))


def rename_branch(walk: CrashWalk) -> Step:
    model, new = walk.view.model, f"what-{walk.rng.getrandbits(32)}"
    old = walk.rng.choice(sorted(model.branches))

    def follow(view: View, _: str | None) -> None:
        view.model.branches[new] = view.model.branches.pop(old)
        view.model.branch = new if view.model.branch == old else view.model.branch

    return Step("rename a branch", lambda s: s.rename_branch(old, new), follow)


def delete_branch(walk: CrashWalk) -> Step | None:
    name = _other_branch(walk)
    if name is None:
        return None
    return Step(
        "delete a branch",
        lambda s: s.delete_branch(name),
        lambda v, _: _drop(v.model.branches, name),
    )


def tag(walk: CrashWalk) -> Step:
    name = f"v{walk.rng.getrandbits(32)}"

    def follow(view: View, _: str | None) -> None:
        assert view.model.at is not None
        view.model.tags[name] = view.model.at

    return Step("tag", lambda s: s.tag(name), follow)


def delete_tag(walk: CrashWalk) -> Step | None:
    if not walk.view.model.tags:
        return None
    name = walk.rng.choice(sorted(walk.view.model.tags))
    return Step(
        "delete a tag", lambda s: s.delete_tag(name), lambda v, _: _drop(v.model.tags, name)
    )


def annotate(walk: CrashWalk) -> Step:
    del walk
    return Step("annotate", lambda s: s.annotate("HEAD", "a note"), _nothing)


def touch(walk: CrashWalk) -> Step:
    del walk
    return Step("touch", lambda s: s.touch(), _nothing)


def refresh(walk: CrashWalk) -> Step:
    del walk
    return Step("refresh", lambda s: s.refresh(), _nothing)


def delete(walk: CrashWalk) -> Step:
    """The last step of a walk."""

    def follow(view: View, _: str | None) -> None:
        del view
        walk.is_deleted = True

    return Step("delete", lambda s: s.delete(), follow)


WRITES: tuple[Maker, ...] = (
    *(commit, commit_much, save_a_setting, undo, redo, checkout, create_branch, switch),
    *(rename_branch, delete_branch, tag, delete_tag, annotate, touch, refresh, delete),
)
"""Every kind of step."""
USUAL: tuple[Maker, ...] = (*(commit,) * 8, *(undo, redo) * 3, *WRITES[2:-1])
"""What a random walk draws from; frames beyond a script's size would take most of its time."""


def _other_branch(walk: CrashWalk) -> str | None:
    model = walk.view.model
    others = sorted(set(model.branches) - {model.branch})
    return walk.rng.choice(others) if others else None


def _drop(names: dict[str, str], name: str) -> None:
    del names[name]


def _nothing(view: View, version: str | None) -> None:
    del view, version
