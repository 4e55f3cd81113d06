import { expect, test } from "vitest"
import { layout } from "../src/layout"
import { edgeLane, edgePath, graphWidth, ROW_HEIGHT, stubDots } from "../src/paths"
import { commits } from "./samples"

/** The path from the first version's line to its first parent, in lanes 13 px and rows 30 px apart. */
function edges(picture: string) {
  return new Map(
    layout(commits(picture)).edges.map((edge) => [`${edge.child.id}<${edge.parent.id}`, edge]),
  )
}

function pathOf(picture: string, name: string): string {
  const edge = edges(picture).get(name)
  if (!edge) throw new Error(`no line ${name}`)
  return edgePath(edge)
}

test("neighbours in one lane are joined by a straight line, upwards", () => {
  expect(pathOf("b<a a", "b<a")).toBe("M11 45V15")
})

test("a long line in one lane stays straight", () => {
  expect(pathOf("c<a b<a a", "b<a")).toBe("M11 75V45")
})

test("a branch bends once, right after it leaves, and then goes straight", () => {
  expect(pathOf("d<a c<b b<a a", "d<a")).toBe("M11 105C11 90 24 90 24 75V15")
})

test("a merge bends once, right before it arrives", () => {
  expect(pathOf("m<c,b c<a b<a a", "m<b")).toMatch(/^M\d+ 75V45C\d+ 30 \d+ 30 \d+ 15$/)
})

test("a side branch keeps its own colour where it leaves and where it joins", () => {
  const drawn = edges("m<c,b c<a b<a a")
  const lanes = new Map([...drawn].map(([name, edge]) => [name, edgeLane(edge)]))
  const side = drawn.get("m<b")?.parent.lane

  expect(lanes.get("m<b")).toBe(side)
  expect(lanes.get("b<a")).toBe(side)
})

test("five lanes leave most of a sidebar to the text", () => {
  expect(graphWidth(1)).toBeLessThan(24)
  expect(graphWidth(5)).toBeLessThan(76)
})

test("a stub ends inside its own row", () => {
  const ends = stubDots(0, 0).map((d) => Number(/M11 ([\d.]+)v/.exec(d)?.[1]) + 0.5)
  expect(Math.max(...ends)).toBeLessThan(ROW_HEIGHT)
})
