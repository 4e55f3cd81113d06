/** Glue between Streamlit and one controller per place in the page. */

import type { FrontendRenderer } from "@streamlit/component-v2-lib"
import type { Action } from "./actions"
import { Controller } from "./controller"
import { parsePayload } from "./protocol"

interface Mount {
  readonly controller: Controller
  run: number
}

/** How long a widget that was taken away waits for its place to come back. */
const ORPHAN_MS = 1000

const mounts = new WeakMap<HTMLElement | ShadowRoot, Mount>()

/**
 * Widgets whose place has gone, by the key that the app gave them (Streamlit's own is new in every
 * place). Streamlit may take a place away and set another one up in its stead within one rerun;
 * clicks that wait for an answer then must not be lost.
 */
const orphans = new Map<string, Mount>()

/** Told apart from every other tab's, so that each gets the answers to its own actions only. */
function newClientId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(9))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")
}

/** Take away what another copy of this module drew here: a new release in an open page. */
function removeForeign(parentElement: HTMLElement | ShadowRoot): void {
  const drawn = '[data-testid="version-graph"], [data-testid="version-toolbar"]'
  for (const root of parentElement.querySelectorAll(drawn)) root.remove()
}

function keyOf(data: unknown, name: string): string {
  const key = typeof data === "object" && data !== null && "key" in data ? data.key : undefined
  return typeof key === "string" ? key : name
}

function mountAt(parentElement: HTMLElement | ShadowRoot, key: string): Mount {
  const known = mounts.get(parentElement)
  if (known) return known
  removeForeign(parentElement)
  const orphan = orphans.get(key)
  orphans.delete(key)
  orphan?.controller.moveTo(parentElement)
  const mount = orphan ?? { controller: new Controller(parentElement, newClientId()), run: 0 }
  mounts.set(parentElement, mount)
  return mount
}

const versionGraph: FrontendRenderer<{ action: Action }> = ({
  data,
  name,
  parentElement,
  setTriggerValue,
}) => {
  const key = keyOf(data, name)
  const mount = mountAt(parentElement, key)
  const run = ++mount.run
  mount.controller.update(parsePayload(data), (action) => setTriggerValue("action", action))
  return () => {
    // A superseded call's cleanup may come just before the call that supersedes it.
    setTimeout(() => {
      if (mount.run !== run) return // a newer rerun owns the widget now
      mounts.delete(parentElement)
      orphans.set(key, mount)
      mount.controller.leave()
    })
    setTimeout(() => {
      if (mount.run !== run) return
      if (orphans.get(key) === mount) orphans.delete(key)
      mount.controller.dispose()
    }, ORPHAN_MS)
  }
}

export default versionGraph
