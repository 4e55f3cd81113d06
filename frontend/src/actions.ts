/**
 * What was asked of the app and what it has answered. Pure: `step` is a function of events.
 *
 * A trigger can be lost, since a newer one takes its place. So every action names its target
 * absolutely, one is under way at a time, and each waits for the app's acknowledgement.
 */

import { type BranchTarget, PENDING, type Position } from "./history"
import type { Ack, Head, VersionId } from "./protocol"

export type Intent =
  | { readonly kind: "checkout"; readonly version: VersionId; readonly branch: BranchTarget }
  | { readonly kind: "branch"; readonly at: VersionId; readonly name: string | null }

interface Numbered {
  readonly client: string
  readonly seq: number
}

/** As sent to Python. */
export type Action = Numbered &
  (
    | { readonly kind: "checkout"; readonly version: VersionId; readonly branch: string | null }
    | { readonly kind: "branch"; readonly at: VersionId; readonly name: string | null }
  )

interface Flight {
  readonly action: Action
  readonly sentAtMs: number
  readonly wasResent: boolean
}

export interface ActionState {
  readonly client: string
  /** Of the last action sent. */
  readonly seq: number
  readonly flight: Flight | null
  readonly queue: readonly Intent[]
  /** What the person asked for; null shows what the app says. */
  readonly optimistic: Position | null
  readonly message: string | null
  /** Given up at this number; an answer that comes late takes the message away. */
  readonly gaveUpAt: number | null
}

export type ActionEvent =
  | { readonly kind: "intent"; readonly intent: Intent; readonly shows: Position; nowMs: number }
  | { readonly kind: "data"; readonly head: Head; readonly ack: Ack | null; nowMs: number }
  | { readonly kind: "tick"; readonly nowMs: number }
  | { readonly kind: "dismiss" }

export interface Step {
  readonly state: ActionState
  readonly send: Action | null
}

export const RESEND_AFTER_MS = 3000
export const GIVE_UP_AFTER_MS = 8000
export const NO_ANSWER = "The app did not answer in time, so this shows where it was last."

export function initialState(client: string): ActionState {
  return {
    client,
    seq: 0,
    flight: null,
    queue: [],
    optimistic: null,
    message: null,
    gaveUpAt: null,
  }
}

/** A newer checkout takes the place of one that waits, unless it relies on the branch of that. */
function enqueue(queue: readonly Intent[], intent: Intent): Intent[] {
  const last = queue.at(-1)
  const replaces =
    intent.kind === "checkout" &&
    last?.kind === "checkout" &&
    (intent.branch !== PENDING || last.branch === PENDING)
  return [...(replaces ? queue.slice(0, -1) : queue), intent]
}

function numbered(intent: Intent, ids: Numbered, head: Head | null): Action {
  if (intent.kind === "branch") return { ...ids, ...intent }
  const branch = intent.branch === PENDING ? (head?.branch ?? null) : intent.branch
  return { ...ids, kind: "checkout", version: intent.version, branch }
}

function sendNext(state: ActionState, head: Head | null, nowMs: number): Step {
  const [intent, ...queue] = state.queue
  if (state.flight) return { state, send: null }
  if (!intent) return { state: { ...state, optimistic: null }, send: null }
  const seq = state.seq + 1
  const action = numbered(intent, { client: state.client, seq }, head)
  const isThere =
    action.kind === "checkout" &&
    action.version === head?.version &&
    (action.branch === null || action.branch === head.branch)
  if (isThere) return sendNext({ ...state, queue }, head, nowMs)
  const flight = { action, sentAtMs: nowMs, wasResent: false }
  return { state: { ...state, seq, flight, queue }, send: action }
}

/** After the action named in `ack`, whose answer may also come after the widget gave up. */
function answered(state: ActionState, ack: Ack, head: Head, nowMs: number): Step {
  if (state.gaveUpAt !== null && ack.seq >= state.gaveUpAt) {
    state = { ...state, gaveUpAt: null, message: ack.error }
  }
  if (state.flight?.action.seq !== ack.seq) return { state, send: null }
  if (ack.error !== null) {
    const rolledBack = { flight: null, queue: [], optimistic: null, message: ack.error }
    return { state: { ...state, ...rolledBack }, send: null }
  }
  return sendNext({ ...state, flight: null, message: null }, head, nowMs)
}

function tick(state: ActionState, nowMs: number): Step {
  const { flight } = state
  if (!flight) return { state, send: null }
  const waitedMs = nowMs - flight.sentAtMs
  if (waitedMs >= GIVE_UP_AFTER_MS) {
    const rolledBack = { flight: null, queue: [], optimistic: null, message: NO_ANSWER }
    return { state: { ...state, ...rolledBack, gaveUpAt: flight.action.seq }, send: null }
  }
  if (waitedMs >= RESEND_AFTER_MS && !flight.wasResent) {
    return { state: { ...state, flight: { ...flight, wasResent: true } }, send: flight.action }
  }
  return { state, send: null }
}

/** The next state, and what to send now. */
export function step(state: ActionState, event: ActionEvent): Step {
  switch (event.kind) {
    case "intent": {
      const queue = enqueue(state.queue, event.intent)
      const asked = { ...state, queue, optimistic: event.shows, message: null }
      return state.flight ? { state: asked, send: null } : sendNext(asked, null, event.nowMs)
    }
    case "data": {
      const { ack, head, nowMs } = event
      return ack?.client === state.client
        ? answered(state, ack, head, nowMs)
        : { state, send: null }
    }
    case "tick":
      return tick(state, event.nowMs)
    case "dismiss":
      return { state: { ...state, message: null }, send: null }
    default:
      return unreachable(event)
  }
}

function unreachable(event: never): never {
  throw new Error(`unknown event: ${JSON.stringify(event)}`)
}

/** How the position goes on being known when the app, and not the widget, picks the branch. */
export const afterwards = (shows: Position): Position =>
  shows.branch === null ? { ...shows, branch: PENDING } : shows
