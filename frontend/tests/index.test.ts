import type { FrontendRendererArgs } from "@streamlit/component-v2-lib"
import { beforeEach, describe, expect, test, vi } from "vitest"
import type { Action } from "../src/actions"
import versionGraph from "../src/index"
import { rawPayload } from "./samples"

type Args = FrontendRendererArgs<{ action: Action }>

let parentElement: HTMLElement
beforeEach(() => {
  vi.useFakeTimers()
  parentElement = document.body.appendChild(document.createElement("div"))
  return () => {
    parentElement.remove()
    vi.useRealTimers()
  }
})

function call(more: Partial<Args> = {}): () => void {
  const cleanup = versionGraph({
    data: rawPayload("b<a a"),
    key: "k",
    name: "version_graph",
    parentElement,
    setStateValue: () => {},
    setTriggerValue: () => {},
    ...more,
  })
  if (!cleanup) throw new Error("no cleanup")
  return cleanup
}

const widgets = () => parentElement.querySelectorAll("[data-testid=version-graph]")

describe("one widget for each place in the page", () => {
  test("however often Streamlit calls", () => {
    call()
    const first = widgets()[0]
    call({ data: rawPayload("c<b b<a a") })

    expect([...widgets()]).toEqual([first])
    expect(parentElement.querySelectorAll("[role=option]")).toHaveLength(3)
  })

  test("the cleanup of a superseded call takes nothing away, early or late", () => {
    const early = call()
    early()
    const late = call()
    call()
    late()
    vi.runOnlyPendingTimers()

    expect(widgets()).toHaveLength(1)
  })

  test("the last cleanup takes the widget away", () => {
    call()()
    vi.advanceTimersByTime(0)

    expect(widgets()).toHaveLength(0)
  })

  test("a place that is set up anew within a rerun keeps what was asked for", () => {
    const sent = vi.fn()
    const leave = call({ data: rawPayload("d<c c<b b<a a"), setTriggerValue: sent })
    const undo = () => parentElement.querySelector<HTMLButtonElement>("[aria-label^=Undo]")?.click()
    undo()
    undo()
    leave()
    vi.advanceTimersByTime(10)
    expect(widgets()).toHaveLength(0)

    parentElement.remove()
    parentElement = document.body.appendChild(document.createElement("div"))
    const { client, seq } = sent.mock.lastCall?.[1] ?? { client: "", seq: 0 }
    const data = { ...rawPayload("d<c c<b b<a a"), head: { branch: "main", version: "c" } }
    const again = { key: "another", parentElement, setTriggerValue: sent }
    call({ ...again, data: { ...data, ack: { client, seq, error: null } } })

    expect(widgets()).toHaveLength(1)
    expect(sent).toHaveBeenLastCalledWith(
      "action",
      expect.objectContaining({ client, version: "b", seq: seq + 1 }),
    )
  })

  test("actions go out through the newest call", () => {
    const [stale, newest] = [vi.fn(), vi.fn()]
    call({ setTriggerValue: stale })
    call({ setTriggerValue: newest })
    parentElement.querySelector<HTMLButtonElement>("[aria-label^=Undo]")?.click()

    expect(stale).not.toHaveBeenCalled()
    expect(newest).toHaveBeenCalledWith("action", expect.objectContaining({ version: "a", seq: 1 }))
  })

  test("data of any kind never throws", () => {
    for (const data of [null, "repr", 7, [], { protocol: 9 }]) call({ data })
    expect(parentElement.querySelector("[role=alert]")?.textContent).not.toBe("")
  })
})
