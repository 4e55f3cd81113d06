import { describe, expect, test } from "vitest"
import { type Layout, layout, MAX_LANES } from "../src/layout"
import { edgePath, x, y } from "../src/paths"
import { commits, randomHistory } from "./samples"

/** One line per version, two characters to the right for each lane; "*" has a stub. */
function draw(picture: string, cap?: number): string {
  return layout(commits(picture), new Map(), cap)
    .nodes.map(({ id, lane, hasStub }) => "  ".repeat(lane) + id + (hasStub ? "*" : ""))
    .join("\n")
}

const lines = (...rows: string[]) => rows.join("\n")

describe("lanes", () => {
  test("a straight history is a straight line", () => {
    expect(draw("c<b b<a a")).toBe(lines("c", "b", "a"))
  })

  test("an edit after undo opens a second lane and keeps the first", () => {
    // root - a - b      (b was undone)
    //         \- c      (then the person edited)
    expect(draw("c<a b<a a<root root")).toBe(lines("  c", "b", "a", "root"))
  })

  test("a branch goes on in its own lane", () => {
    expect(draw("e<d d<c c<a b<a a")).toBe(lines("  e", "  d", "  c", "b", "a"))
  })

  test("work that goes to and fro stays in two lanes", () => {
    expect(draw("e<c d<b c<a b<a a")).toBe(lines("  e", "d", "  c", "b", "a"))
  })

  test("a merge joins the lane of its first parent", () => {
    expect(draw("m<b,c c<a b<a a")).toBe(lines("m", "  c", "b", "a"))
  })

  test("a lane is used again when its work has ended before the new branch begins", () => {
    // c ended before d was made, so f, which leaves from d, may stand above it
    expect(draw("f<d e<d d<b c<a b<a a")).toBe(lines("  f", "e", "d", "  c", "b", "a"))
  })

  test("a parent outside the window leaves a stub", () => {
    expect(draw("c<b b<a")).toBe(lines("c", "b*"))
  })

  test("two roots stand side by side", () => {
    expect(draw("d<b c<a b a")).toBe(lines("  d", "c", "  b", "a"))
  })

  test("beyond the cap a line is left out and never drawn over others", () => {
    expect(draw("e<a d<a c<a b<a a", 3)).toBe(lines("e*", "    d", "  c", "b", "a"))
  })

  test("a child that a wrong clock put below its parent is drawn above it", () => {
    expect(draw("a b<a")).toBe(lines("b", "a"))
  })

  test("versions that name each other as parents end in stubs and not in a loop", () => {
    expect(
      layout(commits("a<b b<a"))
        .nodes.map(({ id }) => id)
        .sort(),
    ).toEqual(["a", "b"])
  })

  test("ten thousand versions take less than two seconds on a busy machine", () => {
    const newestFirst = randomHistory(1, 10_000).reverse()
    const startMs = performance.now()
    expect(layout(newestFirst).nodes).toHaveLength(10_000)
    expect(performance.now() - startMs).toBeLessThan(2000)
  })
})

const NODE_RADIUS_PX = 5
const SEEDS = Array.from({ length: 200 }, (_, seed) => seed)

/** Every pair of versions that both layouts draw, and that has moved between them. */
function moved(before: Layout, now: Layout): string[] {
  return now.nodes
    .filter(({ id, lane }) => (before.byId.get(id)?.lane ?? lane) !== lane)
    .map(({ id }) => id)
}

describe("200 random histories", () => {
  test("appending never moves a version that is already drawn", () => {
    for (const seed of SEEDS) {
      const history = randomHistory(seed, 60)
      let before = layout([])
      for (let count = 1; count <= history.length; count++) {
        const now = layout(history.slice(0, count).reverse())
        expect(moved(before, now), `seed ${seed}, ${count} versions`).toEqual([])
        before = now
      }
    }
  })

  test("rows stay in their lanes when the oldest leave the window", () => {
    for (const seed of SEEDS) {
      const history = randomHistory(seed, 100, 0)
      let before = layout(history.slice(0, 40).reverse())
      for (let start = 1; start + 40 <= history.length; start++) {
        const now = layout(history.slice(start, start + 40).reverse(), before.byId)
        expect(moved(before, now), `seed ${seed}, from ${start}`).toEqual([])
        before = now
      }
    }
  })

  test("no line passes through the node of another version", () => {
    for (const seed of SEEDS) {
      const { nodes, edges, laneCount } = layout(randomHistory(seed, 80).reverse())
      expect(laneCount).toBeLessThanOrEqual(MAX_LANES)
      const hits = edges.flatMap((edge) => {
        const points = pointsOf(edgePath(edge))
        return nodes
          .slice(edge.child.row, edge.parent.row + 1)
          .filter((node) => node !== edge.child && node !== edge.parent)
          .filter(({ lane, row }) =>
            points.some(([px, py]) => Math.hypot(px - x(lane), py - y(row)) <= NODE_RADIUS_PX),
          )
          .map(({ id }) => `${edge.child.id} to ${edge.parent.id} hits ${id}`)
      })
      expect(hits, `seed ${seed}`).toEqual([])
    }
  })

  test("every parent in the window has a line or its child a stub", () => {
    for (const seed of SEEDS) {
      const history = randomHistory(seed, 80)
      const { edges, byId } = layout([...history].reverse())
      const drawn = new Set(edges.map(({ child, parent }) => `${child.id} ${parent.id}`))
      const lost = history.filter(
        ({ id, parents }) =>
          !byId.get(id)?.hasStub && parents.some((parent) => !drawn.has(`${id} ${parent}`)),
      )
      expect(lost, `seed ${seed}`).toEqual([])
    }
  })
})

/** Points along a path of M, V and C commands, close enough together to hit any node. */
function pointsOf(path: string): [number, number][] {
  const points: [number, number][] = []
  let [atX, atY] = [0, 0]
  for (const [, command, rest = ""] of path.matchAll(/([MVC])([^MVC]*)/g)) {
    const numbers = rest.trim().split(/[ ,]+/).map(Number)
    const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = numbers
    const [fromX, fromY] = [atX, atY]
    if (command === "M") [atX, atY] = [a, b]
    else if (command === "V") atY = a
    else [atX, atY] = [e, f]
    const steps = command === "V" ? Math.ceil(Math.abs(atY - fromY) / 3) : 20
    for (let i = 0; i <= steps; i++) {
      const t = steps === 0 ? 1 : i / steps
      const u = 1 - t
      if (command === "C") {
        const bezier = (p0: number, p1: number, p2: number, p3: number) =>
          u ** 3 * p0 + 3 * u * u * t * p1 + 3 * u * t * t * p2 + t ** 3 * p3
        points.push([bezier(fromX, a, c, e), bezier(fromY, b, d, f)])
      } else points.push([atX, command === "M" ? atY : fromY + (atY - fromY) * t])
    }
  }
  return points
}
