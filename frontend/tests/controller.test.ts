import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import type { Action } from "../src/actions"
import { Controller } from "../src/controller"
import { storedCookie } from "../src/cookie"
import { parsePayload } from "../src/protocol"
import { commits, NOW_S, rawPayload } from "./samples"

const LINE = "d<c c<b b<a a"

class Screen {
  readonly shadow = document.body
    .appendChild(document.createElement("div"))
    .attachShadow({ mode: "open" })
  readonly controller = new Controller(this.shadow, "me")
  readonly sent: Action[] = []
  private picture = ""
  private overrides: Record<string, unknown> = {}

  show(picture: string, overrides: Record<string, unknown> = {}): this {
    this.picture = picture
    this.overrides = overrides
    return this.give(rawPayload(picture, overrides))
  }

  give(data: unknown): this {
    this.controller.update(parsePayload(data), (action) => this.sent.push(action))
    return this
  }

  /** The app did what it was asked last: head moves, and the answer comes with it. */
  answer(error: string | null = null): void {
    const action = this.sent.at(-1)
    if (action?.kind !== "checkout") throw new Error("nothing was asked for")
    const head = error ? this.overrides.head : { branch: "main", version: action.version }
    const tip = commits(this.picture)[0]?.id
    this.show(this.picture, {
      ...this.overrides,
      ...(head ? { head } : {}),
      branches: { main: tip },
      ack: { client: "me", seq: action.seq, error },
    })
  }

  one(selector: string): HTMLElement {
    const found = this.shadow.querySelector<HTMLElement>(selector)
    if (!found) throw new Error(`nothing matches ${selector}`)
    return found
  }

  get rows(): HTMLElement[] {
    return [...this.shadow.querySelectorAll<HTMLElement>("[role=option]")]
  }

  get current(): string | null | undefined {
    return this.shadow.querySelector("[aria-current=true]")?.getAttribute("data-version-id")
  }

  get selected(): string | null | undefined {
    return this.shadow.querySelector("[aria-selected=true]")?.getAttribute("data-version-id")
  }

  button(name: string): HTMLButtonElement {
    const found = [...this.shadow.querySelectorAll("button")].find((element) =>
      (element.getAttribute("aria-label") ?? element.textContent ?? "").startsWith(name),
    )
    if (!found) throw new Error(`no button ${name}`)
    return found
  }

  row(id: string): HTMLElement {
    return this.one(`[data-version-id="${id}"]`)
  }

  key(
    key: string,
    target = this.one("[role=listbox]"),
    more: KeyboardEventInit = {},
  ): KeyboardEvent {
    const event = new KeyboardEvent("keydown", {
      key,
      bubbles: true,
      composed: true,
      cancelable: true,
      ...more,
    })
    target.dispatchEvent(event)
    return event
  }

  type(text: string): HTMLInputElement {
    const input = this.one("input") as HTMLInputElement
    input.value = text
    input.dispatchEvent(new Event("input", { bubbles: true }))
    return input
  }

  submit(): void {
    this.one("form").dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }))
  }
}

let screen: Screen
beforeEach(() => {
  vi.useFakeTimers({ now: NOW_S * 1000 })
  screen = new Screen()
})
afterEach(() => {
  screen.controller.dispose()
  document.body.replaceChildren()
  vi.useRealTimers()
})

describe("what is shown", () => {
  test("one option for each version, newest on top, the current one marked", () => {
    screen.show(LINE, { head: { branch: "main", version: "c" } })

    expect(screen.rows.map((row) => row.getAttribute("data-version-id"))).toEqual([
      "d",
      "c",
      "b",
      "a",
    ])
    expect(screen.current).toBe("c")
    expect(screen.row("d").className).toContain("undone")
    expect(screen.row("b").textContent).toContain("step b")
    expect(screen.row("b").textContent).toContain("2 min")
  })

  test("no version yet: a sentence, and nothing to press", () => {
    screen.show("")

    expect(screen.one(".empty").textContent).toBe(
      "No versions yet. Change some data and the first one appears here.",
    )
    expect(screen.one(".empty").hidden).toBe(false)
    for (const name of ["Undo", "Redo", "Branch"]) expect(screen.button(name).disabled).toBe(true)
  })

  test.each([
    ["saved", "Saved"],
    ["saving", "Saving"],
    ["not-saved", "Not saved"],
  ])("the save state %s", (state, text) => {
    screen.show(LINE, { save: { state, reason: "Redis is down", since: null } })

    expect(screen.one("[data-testid=save-state]").textContent).toBe(text)
    expect(screen.one(".reason").hidden).toBe(state !== "not-saved")
  })

  test("a message is text, whatever it looks like", () => {
    const versions = [{ id: "a", parents: [], message: "<img src=x onerror=alert(1)>", at: 1 }]
    screen.show("a", { versions })

    expect(screen.shadow.querySelector("img")).toBeNull()
    expect(screen.row("a").textContent).toContain("<img src=x")
  })

  test("what cannot be read is said, and goes away with the next good payload", () => {
    screen.give("a Python repr string")
    expect(screen.one("[role=alert]").textContent).toContain("could not read")
    screen.show(LINE)

    expect(screen.one(".failure").hidden).toBe(true)
    expect(screen.rows).toHaveLength(4)
  })

  test("the toolbar has the buttons and the save state, and no list", () => {
    screen.show(LINE, { mode: "toolbar" })

    expect(screen.one("[role=listbox]").hidden).toBe(true)
    expect(screen.button("Undo: step d").disabled).toBe(false)
    expect(screen.one("[data-testid=save-state]").textContent).toBe("Saved")
  })

  test("of ten thousand versions only those in sight are in the page", () => {
    const count = 10_000
    const picture = Array.from({ length: count }, (_, i) => `v${i}<v${i + 1}`).join(" ")
    screen.show(picture)

    expect(screen.rows.length).toBeLessThan(60)
    expect(screen.rows[0]?.getAttribute("aria-setsize")).toBe(String(count))
  })

  test("ages move on by themselves", () => {
    screen.show(LINE)
    expect(screen.row("d").textContent).toContain("now")
    vi.advanceTimersByTime(120_000)

    expect(screen.row("d").textContent).toContain("2 min")
  })

  test("a notice can be closed and stays closed", () => {
    const notices = [{ id: "n1", level: "warning", text: "Another tab changed df." }]
    screen.show(LINE, { notices })
    screen.button("Dismiss").click()
    screen.show(LINE, { notices })

    expect(screen.shadow.querySelector(".notice")).toBeNull()
  })

  test("the session's cookie is kept", () => {
    screen.show(LINE, { cookie: { name: "srs", value: "abc", max_age_s: 60 } })
    expect(storedCookie("srs")).toBe("abc")
  })
})

describe("undo and redo", () => {
  test("name the step, and show the target before the app has answered", () => {
    screen.show(LINE, { head: { branch: "main", version: "c" } })
    expect(screen.button("Redo").getAttribute("aria-label")).toBe("Redo: step d")
    screen.button("Undo: step c").click()

    expect(screen.current).toBe("b")
    expect(screen.sent).toEqual([
      { client: "me", seq: 1, kind: "checkout", version: "b", branch: "main" },
    ])
  })

  test("are off where there is nothing to undo or redo", () => {
    screen.show("a")

    expect(screen.button("Undo").disabled).toBe(true)
    expect(screen.button("Redo").disabled).toBe(true)
  })

  test("three quick clicks send two messages and end three steps back", () => {
    screen.show(LINE)
    for (let i = 0; i < 3; i++) screen.button("Undo").click()
    expect(screen.current).toBe("a")
    screen.answer()
    expect(screen.current).toBe("a")
    screen.answer()

    expect(screen.sent.map((action) => action.kind === "checkout" && action.version)).toEqual([
      "c",
      "a",
    ])
    expect(screen.current).toBe("a")
  })

  test("without an answer the message is sent again, then taken back with a notice", () => {
    screen.show(LINE)
    screen.button("Undo").click()
    vi.advanceTimersByTime(3300)
    expect(screen.sent.map(({ seq }) => seq)).toEqual([1, 1])
    vi.advanceTimersByTime(5000)

    expect(screen.current).toBe("d")
    expect(screen.one(".notice").textContent).toContain("did not answer")
    expect(screen.sent).toHaveLength(2)
  })

  test("a refusal is shown and taken back", () => {
    screen.show(LINE)
    screen.button("Undo").click()
    screen.answer("That version has expired.")

    expect(screen.current).toBe("d")
    expect(screen.one(".notice").textContent).toContain("That version has expired.")
  })

  test("the move is announced", () => {
    screen.show(LINE)
    expect(screen.one("[aria-live]").textContent).toBe("")
    screen.button("Undo").click()

    expect(screen.one("[aria-live]").textContent).toBe("Now at: step c on main")
  })

  test("a button that is switched off hands the focus on", () => {
    screen.show("b<a a")
    const undo = screen.button("Undo")
    undo.focus()
    undo.click()

    expect(undo.disabled).toBe(true)
    expect(screen.shadow.activeElement).toBe(screen.button("Redo"))
  })
})

describe("choosing a version", () => {
  const click = (row: HTMLElement, clientX = 50, clientY = 50) =>
    row.dispatchEvent(
      new MouseEvent("click", { bubbles: true, composed: true, detail: 1, clientX, clientY }),
    )

  test("a click selects and opens the details, and moves nothing", () => {
    screen.show(LINE)
    click(screen.row("b"))

    expect(screen.selected).toBe("b")
    expect(screen.one(".details").hidden).toBe(false)
    expect(screen.one(".full-message").textContent).toBe("step b")
    expect(screen.sent).toEqual([])
  })

  test("Go to in the details goes there", () => {
    screen.show(LINE)
    click(screen.row("b"))
    screen.button("Go to").click()

    expect(screen.sent).toMatchObject([{ kind: "checkout", version: "b", branch: "main" }])
    expect(screen.current).toBe("b")
  })

  test("a double-click goes there, even when the details came under the pointer", () => {
    screen.show(LINE)
    click(screen.row("b"))
    click(screen.button("Branch here"))

    expect(screen.sent).toMatchObject([{ kind: "checkout", version: "b" }])
    expect(screen.one("form").hidden).toBe(true)
  })

  test("two clicks on different rows are two selections", () => {
    screen.show(LINE)
    click(screen.row("b"))
    click(screen.row("c"), 50, 20)

    expect(screen.selected).toBe("c")
    expect(screen.sent).toEqual([])
  })

  test("a version of another branch lets the app pick the branch", () => {
    screen.show("x<a b<a a", {
      head: { branch: "main", version: "b" },
      branches: { main: "b", other: "x" },
    })
    click(screen.row("x"))
    screen.button("Go to").click()

    expect(screen.sent).toMatchObject([{ version: "x", branch: null }])
  })

  test("the selection, open details and its focus stay when new data comes", () => {
    screen.show(LINE)
    click(screen.row("b"))
    screen.button("Go to").focus()
    screen.show(`e<d ${LINE}`)

    expect(screen.selected).toBe("b")
    expect(screen.one(".details").hidden).toBe(false)
    expect(screen.shadow.activeElement).toBe(screen.button("Go to"))
  })
})

describe("keys", () => {
  test("arrows, Home, End, Enter and Escape", () => {
    screen.show(LINE)
    const list = screen.one("[role=listbox]")
    const seen = ["ArrowDown", "ArrowDown", "End", "ArrowDown", "ArrowUp", "Home", "ArrowUp"].map(
      (key) => {
        screen.key(key)
        expect(list.getAttribute("aria-activedescendant")).toBe(
          screen.row(screen.selected ?? "").id,
        )
        return screen.selected
      },
    )
    expect(seen).toEqual(["d", "c", "a", "a", "b", "d", "d"])
    screen.key("PageDown")
    screen.key("Enter")
    screen.key("Escape")

    expect(screen.sent).toMatchObject([{ kind: "checkout" }])
    expect(screen.selected).toBeUndefined()
    expect(screen.one(".details").hidden).toBe(true)
  })

  test("no key reaches Streamlit's shortcuts", () => {
    screen.show(LINE)
    const reached = vi.fn()
    document.addEventListener("keydown", reached)
    for (const key of ["r", "c", "ArrowDown"]) screen.key(key)
    document.removeEventListener("keydown", reached)

    expect(reached).not.toHaveBeenCalled()
  })

  test("Ctrl+Z undoes, but not while a name is typed", () => {
    screen.show(LINE)
    screen.button("Branch").click()
    screen.key("z", screen.one("input"), { ctrlKey: true })
    expect(screen.sent).toEqual([])
    screen.key("z", undefined, { ctrlKey: true })

    expect(screen.sent).toMatchObject([{ kind: "checkout", version: "c" }])
  })
})

describe("branches", () => {
  test("a typed name makes a branch at head", () => {
    screen.show(LINE)
    screen.button("Branch").click()
    screen.type(" what-if ")
    screen.submit()

    expect(screen.sent).toMatchObject([{ kind: "branch", at: "d", name: "what-if" }])
    expect(screen.one(".branch-slot").textContent).toBe("what-if")
    expect(screen.one("form").hidden).toBe(true)
  })

  test("no name leaves the choice to the app", () => {
    screen.show(LINE)
    screen.button("Branch").click()
    screen.submit()

    expect(screen.sent).toMatchObject([{ kind: "branch", at: "d", name: null }])
  })

  test("Branch here starts at the selected version", () => {
    screen.show(LINE)
    screen.row("b").click()
    screen.button("Branch here").click()
    screen.submit()

    expect(screen.sent).toMatchObject([{ kind: "branch", at: "b", name: null }])
  })

  test("Escape makes none", () => {
    screen.show(LINE)
    screen.button("Branch").click()
    screen.key("Escape", screen.type("x"))

    expect(screen.one("form").hidden).toBe(true)
    expect(screen.sent).toEqual([])
  })

  test("a name that is taken is said before it is sent", () => {
    screen.show(LINE)
    screen.button("Branch").click()
    const input = screen.type("main")
    screen.submit()

    expect(screen.sent).toEqual([])
    expect(input.getAttribute("aria-invalid")).toBe("true")
    expect(screen.one(".hint").textContent).toContain("already")
  })

  test("a half typed name and the cursor in it stay when new data comes", () => {
    screen.show(LINE)
    screen.button("Branch").click()
    const input = screen.type("wha")
    screen.show(`e<d ${LINE}`)

    expect(input.value).toBe("wha")
    expect(screen.shadow.activeElement).toBe(input)
  })
})
