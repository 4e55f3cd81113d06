import { expect, test } from "vitest"
import { age, ago, exactTime } from "../src/ages"

test.each([
  [-100, "now"],
  [Number.NaN, "now"],
  [0, "now"],
  [44, "now"],
  [45, "1 min"],
  [125, "2 min"],
  [3599, "59 min"],
  [3600, "1 h"],
  [3 * 3600 + 5, "3 h"],
  [24 * 3600, "1 d"],
  [5 * 86400, "5 d"],
  [100 * 86400, "3 mo"],
  [800 * 86400, "2 y"],
])("%d seconds are %s", (seconds, expected) => {
  expect(age(seconds)).toBe(expected)
})

test("in a sentence", () => {
  expect(ago(3)).toBe("just now")
  expect(ago(180)).toBe("3 min ago")
})

test("a time that no calendar knows is not an error", () => {
  expect(exactTime(Number.POSITIVE_INFINITY)).toBe("unknown time")
  expect(exactTime(1e300)).toBe("unknown time")
  expect(exactTime(1_732_312_345)).toContain("2024")
})
