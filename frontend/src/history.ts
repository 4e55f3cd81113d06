/** Questions about the history: what undo, redo and "go to" would reach. Pure. */

import type { Payload, Version, VersionId } from "./protocol"

/** The branch is not known before the app has answered an action that is still under way. */
export const PENDING: unique symbol = Symbol("the branch of the action before")
export type BranchTarget = string | null | typeof PENDING

/** Where the widget shows the person to be: the app's head, or what a click has asked for. */
export interface Position {
  readonly branch: BranchTarget
  readonly version: VersionId | null
  /** The tip of that branch. */
  readonly tip: VersionId | null
}

export class History {
  readonly byId: ReadonlyMap<VersionId, Version>
  private readonly parentOf = new Map<VersionId, VersionId>()

  constructor(readonly payload: Payload) {
    this.byId = new Map(payload.versions.map((version) => [version.id, version]))
    let below = payload.head.version
    for (const id of payload.redo) {
      if (below !== null) this.parentOf.set(id, below)
      below = id
    }
    for (const { id, parents } of payload.versions) {
      if (parents[0] !== undefined) this.parentOf.set(id, parents[0])
    }
  }

  /** Where the app itself says that the person is. */
  get position(): Position {
    const { branch, version } = this.payload.head
    const known = branch === null ? undefined : this.payload.branches.get(branch)
    return { branch, version, tip: known ?? this.payload.redo.at(-1) ?? version }
  }

  firstParent(id: VersionId | null): VersionId | null {
    return id === null ? null : (this.parentOf.get(id) ?? null)
  }

  /** The undone steps, the next one first; empty when the position is not below its tip. */
  redoPath({ version, tip }: Position): VersionId[] {
    const path: VersionId[] = []
    const seen = new Set<VersionId>()
    for (let id = tip; id !== version; id = this.firstParent(id)) {
      if (id === null || seen.has(id)) return []
      seen.add(id)
      path.push(id)
    }
    return path.reverse()
  }

  /** Whether `id` is one of the steps that lead to the tip of the position's branch. */
  isOnBranch(id: VersionId, { tip }: Position): boolean {
    const seen = new Set<VersionId>()
    for (let at = tip; at !== null && !seen.has(at); at = this.firstParent(at)) {
      if (at === id) return true
      seen.add(at)
    }
    return false
  }

  undo(position: Position): Position | null {
    const parent = this.firstParent(position.version)
    return parent === null ? null : { ...position, version: parent }
  }

  redo(position: Position): Position | null {
    const next = this.redoPath(position)[0]
    return next === undefined ? null : { ...position, version: next }
  }

  /** Stays on the branch when the version lies on it; otherwise the app picks one. */
  goTo(id: VersionId, position: Position): Position {
    if (this.isOnBranch(id, position)) return { ...position, version: id }
    const hint = this.byId.get(id)?.branch
    const tip = hint == null ? undefined : this.payload.branches.get(hint)
    return { branch: null, version: id, tip: tip ?? id }
  }
}
