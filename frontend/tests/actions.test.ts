import { describe, expect, test } from "vitest"
import {
  type Action,
  type ActionState,
  afterwards,
  GIVE_UP_AFTER_MS,
  type Intent,
  initialState,
  NO_ANSWER,
  RESEND_AFTER_MS,
  step,
} from "../src/actions"
import { History, PENDING, type Position } from "../src/history"
import type { Ack } from "../src/protocol"
import { payload, random } from "./samples"

const LINE = "f<e e<d d<c c<b b<a a"

/** An app that does what it is asked, and a widget in front of it. */
class Desk {
  nowMs = 0
  state: ActionState = initialState("me")
  readonly sent: Action[] = []
  readonly branches = new Map([["main", "f"]])
  head: { branch: string; version: string } = { branch: "main", version: "f" }
  ack: Ack | null = null

  get history(): History {
    return new History(
      payload(LINE, { head: this.head, branches: Object.fromEntries(this.branches) }),
    )
  }

  get shows(): Position {
    return this.state.optimistic ?? this.history.position
  }

  private take({ state, send }: ReturnType<typeof step>): void {
    this.state = state
    if (send) this.sent.push(send)
  }

  ask(intent: Intent, shows: Position): void {
    this.take(
      step(this.state, { kind: "intent", intent, shows: afterwards(shows), nowMs: this.nowMs }),
    )
  }

  private move(shows: Position | null): void {
    if (!shows?.version) return
    this.ask({ kind: "checkout", version: shows.version, branch: shows.branch }, shows)
  }

  undo(): void {
    this.move(this.history.undo(this.shows))
  }

  redo(): void {
    this.move(this.history.redo(this.shows))
  }

  goTo(id: string): void {
    this.move(this.history.goTo(id, this.shows))
  }

  branch(name: string | null): void {
    const at = this.shows.version ?? ""
    this.ask({ kind: "branch", at, name }, { branch: name, version: at, tip: at })
  }

  wait(ms: number): void {
    this.nowMs += ms
    this.take(step(this.state, { kind: "tick", nowMs: this.nowMs }))
  }

  /** The app does the action sent last, unless it has done it before. */
  run(error: string | null = null): void {
    const action = this.sent.at(-1)
    if (!action || (this.ack && action.seq <= this.ack.seq)) return
    if (error === null && action.kind === "checkout") {
      this.head = { branch: action.branch ?? "main", version: action.version }
    } else if (error === null && action.kind === "branch") {
      const name = action.name ?? `main-${this.branches.size + 1}`
      this.branches.set(name, action.at)
      this.head = { branch: name, version: action.at }
    }
    this.ack = { client: "me", seq: action.seq, error }
  }

  data(): void {
    this.take(step(this.state, { kind: "data", head: this.head, ack: this.ack, nowMs: this.nowMs }))
  }

  settle(): void {
    for (let i = 0; i < 50 && this.state.flight; i++) {
      this.run()
      this.data()
    }
  }
}

describe("undo and redo", () => {
  test("a click shows its target at once and sends it absolutely", () => {
    const desk = new Desk()
    desk.undo()

    expect(desk.shows.version).toBe("e")
    expect(desk.sent).toEqual([
      { client: "me", seq: 1, kind: "checkout", version: "e", branch: "main" },
    ])
  })

  test("five quick clicks end where five undos end, with two messages", () => {
    const desk = new Desk()
    for (let i = 0; i < 5; i++) desk.undo()
    expect(desk.shows.version).toBe("a")
    desk.settle()

    expect(desk.head).toEqual({ branch: "main", version: "a" })
    expect(desk.sent.map((action) => action.kind === "checkout" && action.version)).toEqual([
      "e",
      "a",
    ])
    expect(desk.state.optimistic).toBeNull()
  })

  test("undo and redo in one breath come back without asking twice", () => {
    const desk = new Desk()
    desk.undo()
    desk.undo()
    desk.redo()
    desk.settle()

    expect(desk.head.version).toBe("e")
    expect(desk.sent).toHaveLength(1)
  })

  test("any quick mixture ends where the same clicks one by one end", () => {
    for (let seed = 0; seed < 300; seed++) {
      const next = random(seed)
      const quick = new Desk()
      const slow = new Desk()
      for (let i = 0; i < 12; i++) {
        const roll = next()
        for (const desk of [quick, slow]) {
          if (roll < 0.5) desk.undo()
          else if (roll < 0.8) desk.redo()
          else if (roll < 0.9) desk.branch(`b${i}`)
          else desk.goTo("c")
        }
        slow.settle()
        if (next() < 0.3) {
          quick.run()
          if (next() < 0.7) quick.data()
        }
      }
      quick.settle()
      expect(quick.head, `seed ${seed}`).toEqual(slow.head)
      expect([...quick.branches], `seed ${seed}`).toEqual([...slow.branches])
    }
  })
})

describe("branches", () => {
  test("keep their order, and what follows waits for the name that the app picks", () => {
    const desk = new Desk()
    desk.undo()
    desk.branch(null)
    desk.undo()
    desk.undo()
    expect(desk.shows).toMatchObject({ branch: PENDING, version: "c" })
    desk.settle()

    expect(desk.sent.slice(1)).toMatchObject([
      { kind: "branch", at: "e", name: null },
      { kind: "checkout", version: "c", branch: "main-2" },
    ])
    expect(desk.head).toEqual({ branch: "main-2", version: "c" })
  })

  test("undo right after going to a foreign branch relies on the branch the app picked", () => {
    const desk = new Desk()
    desk.head = { branch: "other", version: "c" }
    desk.branches.set("other", "c")
    desk.goTo("e")
    desk.undo()
    desk.settle()

    expect(desk.sent).toMatchObject([
      { version: "e", branch: null },
      { version: "d", branch: "main" },
    ])
  })
})

describe("when the app is slow", () => {
  test("new data without an answer keeps what was asked for in sight", () => {
    const desk = new Desk()
    desk.undo()
    desk.data()

    expect(desk.shows.version).toBe("e")
    expect(desk.state.flight).not.toBeNull()
  })

  test("the same message goes out once more after three seconds, under the same number", () => {
    const desk = new Desk()
    desk.undo()
    desk.wait(RESEND_AFTER_MS - 1)
    expect(desk.sent).toHaveLength(1)
    desk.wait(1)
    desk.wait(1000)

    expect(desk.sent).toHaveLength(2)
    expect(desk.sent[1]).toEqual(desk.sent[0])
  })

  test("after eight seconds it shows what the app last said, and says why", () => {
    const desk = new Desk()
    desk.undo()
    desk.undo()
    desk.wait(GIVE_UP_AFTER_MS)

    expect(desk.shows.version).toBe("f")
    expect(desk.state).toMatchObject({ flight: null, queue: [], message: NO_ANSWER })
  })

  test("an answer that comes after all takes the message away", () => {
    const desk = new Desk()
    desk.undo()
    desk.wait(GIVE_UP_AFTER_MS)
    desk.run()
    desk.data()

    expect(desk.state.message).toBeNull()
    expect(desk.shows.version).toBe("e")
  })

  test("another client's answer is none", () => {
    const desk = new Desk()
    desk.undo()
    desk.ack = { client: "another tab", seq: 1, error: null }
    desk.data()

    expect(desk.state.flight?.action.seq).toBe(1)
  })

  test("an old answer seen again does not release a newer action", () => {
    const desk = new Desk()
    desk.undo()
    desk.run()
    desk.data()
    desk.undo()
    desk.data()

    expect(desk.state.flight?.action.seq).toBe(2)
    expect(desk.shows.version).toBe("d")
  })
})

describe("when the app says no", () => {
  test("all that was asked for is taken back, and the reason is shown", () => {
    const desk = new Desk()
    desk.undo()
    desk.undo()
    desk.run("That version has expired.")
    desk.data()

    expect(desk.shows.version).toBe("f")
    expect(desk.state).toMatchObject({ queue: [], message: "That version has expired." })
  })

  test("the message goes with the next click, or when it is closed", () => {
    const desk = new Desk()
    desk.undo()
    desk.run("No.")
    desk.data()
    expect(step(desk.state, { kind: "dismiss" }).state.message).toBeNull()
    desk.undo()

    expect(desk.state.message).toBeNull()
  })
})

describe("going to a version", () => {
  test("on the branch of head keeps the branch, also above head", () => {
    const desk = new Desk()
    desk.goTo("b")
    desk.settle()
    desk.goTo("e")
    desk.settle()

    expect(desk.head).toEqual({ branch: "main", version: "e" })
  })

  test("elsewhere lets the app pick the branch", () => {
    const other = new History(
      payload("x<a b<a a", { branches: { main: "b" }, head: { branch: "main", version: "b" } }),
    )
    expect(other.goTo("x", other.position)).toMatchObject({ branch: null, version: "x" })
  })
})

describe("the redo path", () => {
  test("leads from head to the tip, also where the window does not reach", () => {
    const history = new History(
      payload("a", {
        head: { branch: "main", version: "a" },
        branches: { main: "c" },
        redo: ["b", "c"],
      }),
    )
    expect(history.redoPath(history.position)).toEqual(["b", "c"])
    expect(history.redo(history.position)?.version).toBe("b")
  })

  test("is empty at the tip, and when head is not below it", () => {
    const at = (version: string) => {
      const history = new History(
        payload("c<a b<a a", { branches: { main: "b" }, head: { branch: "main", version } }),
      )
      return history.redoPath(history.position)
    }
    expect(at("b")).toEqual([])
    expect(at("c")).toEqual([])
    expect(at("a")).toEqual(["b"])
  })
})
