import { describe, expect, test } from "vitest"
import { type Payload, parsePayload } from "../src/protocol"
import { payload, rawPayload } from "./samples"

const parsed = (overrides: Record<string, unknown>): Payload => payload("b<a a", overrides)

describe("a payload as it should be", () => {
  test("comes through whole", () => {
    const { head, versions, redo, save, ack, cookie } = parsed({
      head: { branch: "main", version: "a" },
      redo: ["b"],
      save: { state: "not-saved", reason: "Redis is full", since: 12 },
      ack: { client: "c1", seq: 7, error: null },
      cookie: { name: "srs", value: "a-b_c", max_age_s: 604800 },
    })

    expect(head).toEqual({ branch: "main", version: "a" })
    expect(versions.map(({ id }) => id)).toEqual(["b", "a"])
    expect(redo).toEqual(["b"])
    expect(save).toEqual({ state: "not-saved", reason: "Redis is full", since: 12 })
    expect(ack).toEqual({ client: "c1", seq: 7, error: null })
    expect(cookie).toEqual({ name: "srs", value: "a-b_c", maxAgeS: 604800 })
  })
})

describe("what cannot be read is said in words", () => {
  test.each([[null], [undefined], [42], ["{'protocol': 1}"], [[]], [true]])("%j", (data) => {
    expect(parsePayload(data)).toEqual({
      kind: "error",
      message: "The version graph could not read what the app sent.",
    })
  })

  test.each([[{}], [{ protocol: 2 }], [{ protocol: "1" }]])("protocol of %j", (data) => {
    expect(parsePayload(data)).toMatchObject({ kind: "error" })
  })
})

describe("hostile and broken parts take harmless defaults", () => {
  test("only the protocol number is needed", () => {
    const bare = parsePayload({ protocol: 1 })

    expect(bare).toMatchObject({
      kind: "ok",
      payload: { mode: "graph", versions: [], head: { branch: null, version: null }, ack: null },
    })
  })

  const junk = [null, 1, "x", [], {}, [null], [[]], { a: { b: [] } }, Number.NaN, () => 1]
  const parts = Object.keys(rawPayload("a")).filter((name) => name !== "protocol")

  test.each(parts)("junk in %s never throws", (name) => {
    for (const value of junk) {
      expect(parsePayload({ ...rawPayload("b<a a"), [name]: value }).kind).toBe("ok")
    }
  })

  test("junk inside each version never throws", () => {
    for (const name of ["id", "parents", "message", "at", "author", "changes", "branch"]) {
      for (const value of junk) {
        const versions = [{ id: "a", parents: [], message: "", at: 1, [name]: value }]
        expect(parsePayload({ protocol: 1, versions }).kind).toBe("ok")
      }
    }
  })

  test("a version without an id is skipped, a second one of the same id too", () => {
    const versions = [{ id: "a" }, { id: "" }, { id: 7 }, { id: "a", message: "again" }, null]
    expect(parsed({ versions }).versions.map(({ id, message }) => [id, message])).toEqual([
      ["a", ""],
    ])
  })

  test("a version is not its own parent, and has each parent once", () => {
    const versions = [{ id: "a", parents: ["a", "b", "b", 3] }]
    expect(parsed({ versions }).versions[0]?.parents).toEqual(["b"])
  })

  test("names of JavaScript's own are ordinary branch names", () => {
    const branches = JSON.parse('{"__proto__": "a", "constructor": "b", "toString": 3}')
    expect([...parsed({ branches }).branches]).toEqual([
      ["__proto__", "a"],
      ["constructor", "b"],
    ])
    expect(({} as Record<string, unknown>).a).toBeUndefined()
  })

  test("endless text is cut", () => {
    const versions = [{ id: "a", message: "x".repeat(1_000_000) }]
    expect(parsed({ versions }).versions[0]?.message).toHaveLength(2000)
  })

  test.each([["srs;Domain=evil"], ["a b"], [""], ["a=b"], ["a\r\nb"]])("cookie name %j", (name) => {
    expect(parsed({ cookie: { name, value: "v", max_age_s: 1 } }).cookie).toBeNull()
  })

  test.each([["v; Domain=.evil"], ["a,b"], [""], ["a\nb"], [7]])("cookie value %j", (value) => {
    expect(parsed({ cookie: { name: "srs", value, max_age_s: 1 } }).cookie).toBeNull()
  })
})
