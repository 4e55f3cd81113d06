"""The version graph as an object, and as Graphviz, JSON and Mermaid text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import graphviz

from streamlit_redis_session.objects import Head, RefName, Version, VersionId


@dataclass(frozen=True)
class VersionGraph:
    """All versions of a session and what points at them, at one moment."""

    versions: tuple[Version, ...]
    """Newest first."""
    branches: Mapping[RefName, VersionId]
    tags: Mapping[RefName, VersionId]
    head: Head

    def names_of(self, version_id: VersionId) -> list[str]:
        """List the branches and tags that point at a version, the head's branch first."""
        branches = sorted(
            (b for b, v in self.branches.items() if v == version_id),
            key=lambda b: (b != self.head.branch, b),
        )
        return [*branches, *sorted(t for t, v in self.tags.items() if v == version_id)]

    def to_graphviz(self) -> graphviz.Digraph:
        """Draw the graph with the ``graphviz`` package, newest on top.

        Nothing is rendered here, so the Graphviz programs need not be installed:
        ``st.graphviz_chart(graph.to_graphviz())`` draws it in the browser.
        """
        dot = graphviz.Digraph("versions", node_attr={"shape": "box", "style": "rounded"})
        dot.attr(rankdir="BT")
        for version in self.versions:
            names = self.names_of(version.id)
            lines = [version.short_id, version.message, *([", ".join(names)] if names else [])]
            is_head = version.id == self.head.version
            dot.node(
                version.id,
                label="\n".join(graphviz.escape(line) for line in lines),
                penwidth="2.5" if is_head else "1",
            )
            for number, parent in enumerate(version.parents):
                dot.edge(parent, version.id, style="solid" if number == 0 else "dashed")
        return dot

    def to_json(self) -> str:
        """Write the graph as one JSON object: versions (newest first), branches, tags, head."""
        return json.dumps(
            {
                "versions": [
                    {
                        "id": version.id,
                        "parents": list(version.parents),
                        "message": version.message,
                        "created_at": version.created_at.isoformat(),
                        "author": version.author,
                        "changes": [str(change) for change in version.changes],
                        "annotation": version.annotation,
                    }
                    for version in self.versions
                ],
                "branches": dict(self.branches),
                "tags": dict(self.tags),
                "head": {"branch": self.head.branch, "version": self.head.version},
            },
            ensure_ascii=False,
        )

    def to_mermaid(self) -> str:
        """Write the graph as a Mermaid flowchart, oldest at the bottom."""
        lines = ["flowchart BT"]
        for version in reversed(self.versions):
            names = self.names_of(version.id)
            suffix = f" ({', '.join(names)})" if names else ""
            text = _mermaid_text(f"{version.short_id} {version.message}{suffix}")
            lines.append(f'    v{version.id}["{text}"]')
            lines.extend(
                f"    v{parent} {'-->' if number == 0 else '-.->'} v{version.id}"
                for number, parent in enumerate(version.parents)
            )
        if self.head.version is not None:
            lines.append(f"    style v{self.head.version} stroke-width:3px")
        return "\n".join(lines) + "\n"


def _mermaid_text(text: str) -> str:
    """Write text so that nothing in it is taken for Mermaid or HTML."""
    safe = (c if c.isalnum() or c in " _-.,:+()/" else f"#{ord(c)};" for c in text)
    return "".join(safe)
