"""A session as a few plain dicts, written from the rules of history and not from the code."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Node:
    """A version: what it holds, and where it came from."""

    parent: str | None
    data: dict[str, int]
    settings: dict[str, int]


@dataclass
class Model:
    """The store's side: versions, branches, tags, head and the settings saved last."""

    nodes: dict[str, Node] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    branch: str = "main"
    at: str | None = None
    saved_settings: dict[str, int] = field(default_factory=dict)

    def data_at(self, version: str | None) -> dict[str, int]:
        """Give the data of a version; of none before the first."""
        return dict(self.nodes[version].data) if version else {}

    def line(self, version: str | None) -> list[str]:
        """List a version and those before it, newest first."""
        found: list[str] = []
        while version is not None:
            found.append(version)
            version = self.nodes[version].parent
        return found

    def redo_line(self) -> list[str]:
        """List what redo would go through, the next one first."""
        line = self.line(self.branches.get(self.branch))
        return line[: line.index(self.at)][::-1] if self.at in line else []

    def named(self) -> set[str]:
        """List the versions that refs name."""
        return {*self.branches.values(), *self.tags.values(), *([self.at] if self.at else [])}

    def reached(self) -> set[str]:
        """List the versions that refs name, and those before them."""
        return {version for start in self.named() for version in self.line(start)}

    def prune(self, newest: int) -> set[str]:
        """Take out what is neither new, named, the first, nor where lines part; say what goes."""
        reached = self.reached()
        listed = [version for version in self.nodes if version in reached]
        wanted = self.named() | set(listed[max(0, len(listed) - newest) :])
        lines = {version for start in wanted for version in self.line(start)}
        parents = [self.nodes[version].parent for version in lines]
        stays = wanted | {v for v in lines if parents.count(v) > 1 or not self.nodes[v].parent}
        gone = set(self.nodes) - stays
        for version in stays:
            line = self.line(version)[1:]
            self.nodes[version].parent = next((v for v in line if v in stays), None)
        for version in gone:
            del self.nodes[version]
        return gone

    def free_name(self) -> str:
        """Name the next automatic branch."""
        stem, _, number = self.branch.rpartition("-")
        base = stem if number.isdigit() and stem in self.branches else self.branch
        taken, count = {*self.branches, *self.tags}, 2
        while f"{base}-{count}" in taken:
            count += 1
        return f"{base}-{count}"


@dataclass
class View:
    """One open Session object: what it shows, and what was changed in it since."""

    model: Model
    data: dict[str, int] = field(default_factory=dict)
    settings: dict[str, int] = field(default_factory=dict)

    @property
    def is_dirty(self) -> bool:
        """Whether a commit would make a version or a redo."""
        return self.data != self.model.data_at(self.model.at)

    def shown(self) -> dict[str, int]:
        """Give everything that the mapping has."""
        return {**self.data, **self.settings}

    def expect_commit(self) -> str:
        """Say what a commit will do: nothing, redo, commit or branch."""
        model = self.model
        if not self.is_dirty:
            return "nothing"
        redo = model.redo_line()
        if redo and model.nodes[redo[0]].data == self.data:
            return "redo"
        return "commit" if model.branches.get(model.branch) == model.at else "branch"

    def committed(self, how: str, version: str | None) -> None:
        """Follow a commit that the session made."""
        model = self.model
        model.saved_settings = dict(self.settings)
        if how == "nothing":
            return
        assert version is not None
        if how == "redo":
            assert version == model.redo_line()[0]
        else:
            assert version not in model.nodes, "a version id was given twice"
            model.nodes[version] = Node(model.at, dict(self.data), dict(self.settings))
            if how == "branch":
                model.branch = model.free_name()
            model.branches[model.branch] = version
        model.at = version

    def go(self, branch: str, version: str) -> None:
        """Move head: data as they were, and the settings that differ between both versions."""
        model = self.model
        left = model.nodes[model.at].settings if model.at else {}
        reached = model.nodes[version].settings
        for key in {*left, *reached}:
            if key not in reached:
                self.settings.pop(key, None)
            elif left.get(key) != reached[key]:
                self.settings[key] = reached[key]
        model.branch, model.at = branch, version
        self.data = model.data_at(version)
        model.saved_settings = dict(self.settings)
