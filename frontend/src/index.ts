/** Glue between Streamlit and one controller per place in the page. */

import type { FrontendRenderer } from "@streamlit/component-v2-lib"
import type { Action } from "./actions"
import { Controller } from "./controller"
import { parsePayload } from "./protocol"

interface Mount {
  readonly controller: Controller
  run: number
}

const mounts = new WeakMap<HTMLElement | ShadowRoot, Mount>()

/** Told apart from every other tab's, so that each gets the answers to its own actions only. */
function newClientId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(9))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")
}

/** Take away what another copy of this module drew here: a new release was loaded into an open page. */
function removeForeign(parentElement: HTMLElement | ShadowRoot): void {
  const drawn = '[data-testid="version-graph"], [data-testid="version-toolbar"]'
  for (const root of parentElement.querySelectorAll(drawn)) root.remove()
}

function newMount(parentElement: HTMLElement | ShadowRoot): Mount {
  removeForeign(parentElement)
  return { controller: new Controller(parentElement, newClientId()), run: 0 }
}

const versionGraph: FrontendRenderer<{ action: Action }> = ({
  data,
  parentElement,
  setTriggerValue,
}) => {
  const mount = mounts.get(parentElement) ?? newMount(parentElement)
  mounts.set(parentElement, mount)
  const run = ++mount.run
  mount.controller.update(parsePayload(data), (action) => setTriggerValue("action", action))
  return () => {
    // A superseded call's cleanup may come just before the call that supersedes it.
    setTimeout(() => {
      if (mount.run !== run) return // a newer rerun owns the widget now
      mount.controller.dispose()
      mounts.delete(parentElement)
    })
  }
}

export default versionGraph
