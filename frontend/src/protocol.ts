/** The payload that Python sends, checked: nothing after this file meets an unknown shape. */

export type VersionId = string

export interface Version {
  readonly id: VersionId
  readonly parents: readonly VersionId[]
  readonly message: string
  /** Seconds since the epoch, on the server's clock. */
  readonly at: number
  readonly author: string
  readonly changes: readonly string[]
  readonly branch: string | null
}

export interface Head {
  readonly branch: string | null
  readonly version: VersionId | null
}

export type SaveState = "saved" | "saving" | "not-saved"
export interface Save {
  readonly state: SaveState
  readonly reason: string | null
  readonly since: number | null
}

export type Level = "info" | "warning" | "error"
export interface Notice {
  readonly id: string
  readonly level: Level
  readonly text: string
}

export interface LeftOut {
  readonly key: string
  readonly reason: string
}

export interface Ack {
  readonly client: string
  readonly seq: number
  readonly error: string | null
}

export interface Cookie {
  readonly name: string
  readonly value: string
  readonly maxAgeS: number
}

export interface Payload {
  readonly mode: "graph" | "toolbar"
  readonly height: number
  readonly head: Head
  readonly branches: ReadonlyMap<string, VersionId>
  readonly tags: ReadonlyMap<string, VersionId>
  /** Newest first; a window, so parents may be missing. */
  readonly versions: readonly Version[]
  readonly total: number
  /** First the next redo step, last the branch's tip. */
  readonly redo: readonly VersionId[]
  readonly save: Save
  readonly notices: readonly Notice[]
  readonly leftOut: readonly LeftOut[]
  readonly ack: Ack | null
  readonly cookie: Cookie | null
  readonly where: string
  readonly now: number
}

export type Parsed =
  | { readonly kind: "ok"; readonly payload: Payload }
  | { readonly kind: "error"; readonly message: string }

const PROTOCOL = 1
const MAX_TEXT = 2000 // characters; what a person can read in the panel
const MAX_ROWS = 50_000
const COOKIE_NAME = /^[\w.-]{1,128}$/
const COOKIE_VALUE = /^[\w.~+/=-]{1,2048}$/

type Fields = Readonly<Record<string, unknown>>

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const fields = (value: unknown): Fields => (isFields(value) ? value : {})
const list = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? value.slice(0, MAX_ROWS) : []
const text = (value: unknown): string => (typeof value === "string" ? value.slice(0, MAX_TEXT) : "")
const textOrNull = (value: unknown): string | null => text(value) || null
const number = (value: unknown, otherwise: number): number =>
  typeof value === "number" && Number.isFinite(value) ? value : otherwise
const texts = (value: unknown): string[] => list(value).map(text).filter(Boolean)

function oneOf<T extends string>(value: unknown, allowed: readonly T[], otherwise: T): T {
  return allowed.find((item) => item === value) ?? otherwise
}

function refs(value: unknown): Map<string, VersionId> {
  const found = new Map<string, VersionId>()
  for (const [name, id] of Object.entries(fields(value))) {
    if (name && typeof id === "string" && id) found.set(name.slice(0, MAX_TEXT), id)
  }
  return found
}

function versions(value: unknown): Version[] {
  const seen = new Set<VersionId>()
  const found: Version[] = []
  for (const item of list(value)) {
    const raw = fields(item)
    const id = text(raw.id)
    if (!id || seen.has(id)) continue
    seen.add(id)
    found.push({
      id,
      parents: [...new Set(texts(raw.parents))].filter((parent) => parent !== id),
      message: text(raw.message),
      at: number(raw.at, 0),
      author: text(raw.author),
      changes: texts(raw.changes),
      branch: textOrNull(raw.branch),
    })
  }
  return found
}

function save(value: unknown): Save {
  const raw = fields(value)
  const since = number(raw.since, Number.NaN)
  return {
    state: oneOf(raw.state, ["saved", "saving", "not-saved"], "saved"),
    reason: textOrNull(raw.reason),
    since: Number.isNaN(since) ? null : since,
  }
}

function notices(value: unknown): Notice[] {
  return list(value).flatMap((item, index) => {
    const raw = fields(item)
    const message = text(raw.text)
    if (!message) return []
    const level = oneOf(raw.level, ["info", "warning", "error"], "info")
    return [{ id: text(raw.id) || `notice-${index}`, level, text: message }]
  })
}

function leftOut(value: unknown): LeftOut[] {
  return list(value).flatMap((item) => {
    const raw = fields(item)
    const key = text(raw.key)
    return key ? [{ key, reason: text(raw.reason) }] : []
  })
}

function ack(value: unknown): Ack | null {
  const raw = fields(value)
  const client = text(raw.client)
  const seq = number(raw.seq, -1)
  return client && seq >= 0 ? { client, seq, error: textOrNull(raw.error) } : null
}

/** Only names and values that cannot end the cookie early and add attributes of their own. */
function cookie(value: unknown): Cookie | null {
  const raw = fields(value)
  const { name, value: content } = raw
  const maxAgeS = Math.floor(number(raw.max_age_s, 0))
  if (typeof name !== "string" || !COOKIE_NAME.test(name)) return null
  if (typeof content !== "string" || !COOKIE_VALUE.test(content)) return null
  return maxAgeS > 0 ? { name, value: content, maxAgeS } : null
}

/** Check what Python sent. Never throws: missing parts take harmless defaults. */
export function parsePayload(data: unknown): Parsed {
  if (!isFields(data)) {
    return { kind: "error", message: "The version graph could not read what the app sent." }
  }
  if (data.protocol !== PROTOCOL) {
    return {
      kind: "error",
      message: "This page and the app have different versions. Reload the page.",
    }
  }
  const rows = versions(data.versions)
  const head = fields(data.head)
  return {
    kind: "ok",
    payload: {
      mode: oneOf(data.mode, ["graph", "toolbar"], "graph"),
      height: Math.min(4000, Math.max(160, number(data.height, 420))),
      head: { branch: textOrNull(head.branch), version: textOrNull(head.version) },
      branches: refs(data.branches),
      tags: refs(data.tags),
      versions: rows,
      total: Math.max(rows.length, Math.floor(number(data.total, 0))),
      redo: texts(data.redo),
      save: save(data.save),
      notices: notices(data.notices),
      leftOut: leftOut(data.left_out),
      ack: ack(data.ack),
      cookie: cookie(data.cookie),
      where: text(data.where),
      now: number(data.now, Date.now() / 1000),
    },
  }
}
