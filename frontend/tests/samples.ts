/** Histories to test with: small ones written as pictures, large ones drawn from a seed. */

import type { Commit } from "../src/layout"
import type { Payload } from "../src/protocol"
import { parsePayload } from "../src/protocol"

/** "c<a b<a a<root root": newest first, each with its parents; "m<a,b" is a merge. */
export function commits(picture: string): Commit[] {
  return picture.split(" ").map((word) => {
    const [id = "", parents] = word.split("<")
    return { id, parents: parents ? parents.split(",") : [] }
  })
}

/** Small and seeded (mulberry32), so that a failure can be had again. */
export function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

/** Oldest first: mostly straight, with branches, merges and now and then a second root. */
export function randomHistory(seed: number, count: number, merges = 0.1): Commit[] {
  const next = random(seed)
  const pick = (from: number, to: number) => from + Math.floor(next() * (to - from))
  const made: Commit[] = []
  for (let i = 0; i < count; i++) {
    const parents: string[] = []
    if (i > 0 && next() > 0.02) {
      const reach = next() < 0.7 ? 1 : Math.min(i, 25)
      parents.push(`v${pick(i - reach, i)}`)
      if (next() < merges) parents.push(`v${pick(Math.max(0, i - 40), i)}`)
    }
    made.push({ id: `v${i}`, parents: [...new Set(parents)] })
  }
  return made
}

export const NOW_S = 1_732_312_345

/** What Python sends for a history in which each version is a minute older than the next. */
export function rawPayload(picture: string, overrides: Record<string, unknown> = {}): object {
  const drawn = picture ? commits(picture) : []
  const tip = drawn[0]?.id ?? null
  return {
    protocol: 1,
    mode: "graph",
    height: 420,
    head: { branch: tip && "main", version: tip },
    branches: tip ? { main: tip } : {},
    tags: {},
    versions: drawn.map(({ id, parents }, row) => ({
      id,
      parents,
      message: `step ${id}`,
      at: NOW_S - row * 60,
      author: "",
      changes: [`step ${id}`],
      branch: "main",
    })),
    total: drawn.length,
    redo: [],
    save: { state: "saved", reason: null, since: NOW_S - 5 },
    notices: [],
    left_out: [],
    ack: null,
    cookie: null,
    where: "embedded valkey",
    now: NOW_S,
    ...overrides,
  }
}

export function payload(picture: string, overrides: Record<string, unknown> = {}): Payload {
  const parsed = parsePayload(rawPayload(picture, overrides))
  if (parsed.kind === "error") throw new Error(parsed.message)
  return parsed.payload
}
