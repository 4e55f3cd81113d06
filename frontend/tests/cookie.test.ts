import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import { keepCookie, storedCookie } from "../src/cookie"

const COOKIE = { name: "srs_kept", value: "a=b", maxAgeS: 604_800 }

let written: string[]
let stored: string
beforeEach(() => {
  written = []
  stored = "other=1; srs_kept_too=x"
  vi.spyOn(document, "cookie", "get").mockImplementation(() => stored)
  vi.spyOn(document, "cookie", "set").mockImplementation((text) => {
    written.push(text)
    stored = `other=1; ${text.split(";")[0]}`
  })
})
afterEach(() => vi.unstubAllGlobals())

describe("the cookie", () => {
  test("is found by its whole name, with all of its value", () => {
    expect(storedCookie("srs_kept")).toBeNull()
    keepCookie(COOKIE, true)
    expect(storedCookie("srs_kept")).toBe("a=b")
  })

  test("is for the whole site, and sent with links from elsewhere", () => {
    keepCookie(COOKIE, true)
    expect(written).toEqual(["srs_kept=a=b; Path=/; Max-Age=604800; SameSite=Lax"])
  })

  test("is never sent in the clear by a page that came over https", () => {
    vi.stubGlobal("location", { protocol: "https:" })
    keepCookie(COOKIE, true)
    expect(written[0]).toMatch(/; Secure$/)
  })

  test("is written when it differs, and once more for each mount so that it never runs out", () => {
    keepCookie(COOKIE, false)
    keepCookie(COOKIE, false)
    expect(written).toHaveLength(1)
    keepCookie(COOKIE, true)
    keepCookie({ ...COOKIE, value: "new" }, false)

    expect(written).toHaveLength(3)
  })
})
