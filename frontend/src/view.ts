/** What the widget shows, worked out from the payload and from what was clicked. Pure. */

import { age, ago } from "./ages"
import type { History, Position } from "./history"
import type { Layout } from "./layout"
import type { Payload, Save, Version, VersionId } from "./protocol"

export interface Chip {
  readonly name: string
  readonly kind: "branch" | "tag"
  readonly isCurrent: boolean
}

export interface ListView {
  readonly layout: Layout
  readonly versions: ReadonlyMap<VersionId, Version>
  readonly current: VersionId | null
  readonly undone: ReadonlySet<VersionId>
  readonly chips: ReadonlyMap<VersionId, readonly Chip[]>
  readonly selected: VersionId | null
  readonly nowS: number
}

export interface Steps {
  readonly undo: Position | null
  readonly redo: Position | null
  readonly undoLabel: string
  readonly redoLabel: string
}

export const title = (version: Version | undefined): string =>
  version?.message.split("\n", 1)[0]?.trim() || "no message"

export const shortId = (id: VersionId): string => id.slice(0, 8)

export function branchName(position: Position): string {
  return typeof position.branch === "string" ? position.branch : ""
}

/** Branches, the current one first, then tags, by the version that they name. */
export function chipsOf(payload: Payload, current: string): Map<VersionId, Chip[]> {
  const chips = new Map<VersionId, Chip[]>()
  const add = (id: VersionId, chip: Chip) => {
    const there = chips.get(id) ?? []
    if (chip.isCurrent) there.unshift(chip)
    else there.push(chip)
    chips.set(id, there)
  }
  for (const [name, id] of payload.branches) {
    add(id, { name, kind: "branch", isCurrent: name === current })
  }
  for (const [name, id] of payload.tags) add(id, { name, kind: "tag", isCurrent: false })
  return chips
}

export function stepsFrom(history: History, position: Position): Steps {
  const undo = history.undo(position)
  const redo = history.redo(position)
  const named = (verb: string, id: VersionId | null | undefined) => {
    const version = id == null ? undefined : history.byId.get(id)
    return version ? `${verb}: ${title(version)}` : verb
  }
  return {
    undo,
    redo,
    undoLabel: named("Undo", undo && position.version),
    redoLabel: named("Redo", redo?.version),
  }
}

const SAVE_TEXTS = { saved: "Saved", saving: "Saving", "not-saved": "Not saved" } as const

export function saveText(save: Save): string {
  return SAVE_TEXTS[save.state]
}

/** The sentence behind the save state: since when, why not, and where. */
export function saveTitle(save: Save, where: string, nowS: number): string {
  const since = save.since === null ? "" : `, ${ago(nowS - save.since)}`
  const reason = save.reason ? `: ${save.reason}` : ""
  const place = where ? `\n${where}` : ""
  return `${saveText(save)}${since}${reason}${place}`
}

export const rowAge = (version: Version, nowS: number): string => age(nowS - version.at)
