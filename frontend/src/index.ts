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

const versionGraph: FrontendRenderer<{ action: Action }> = ({
  data,
  parentElement,
  setTriggerValue,
}) => {
  const mount = mounts.get(parentElement) ?? { controller: new Controller(parentElement), run: 0 }
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
