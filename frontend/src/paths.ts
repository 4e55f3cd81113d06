/** Rows and lanes -> SVG path data. Pure; all lengths in px. */

import type { Edge } from "./layout"

export const ROW_HEIGHT = 30
export const LANE_WIDTH = 13
const PADDING = 11

export const x = (lane: number): number => PADDING + lane * LANE_WIDTH
export const y = (row: number): number => row * ROW_HEIGHT + ROW_HEIGHT / 2
export const graphWidth = (laneCount: number): number => x(Math.max(0, laneCount - 1)) + PADDING - 2

function curve(fromX: number, fromY: number, toX: number, toY: number): string {
  if (fromX === toX) return `V${toY}`
  const middle = (fromY + toY) / 2
  return `C${fromX} ${middle} ${toX} ${middle} ${toX} ${toY}`
}

/** From the parent up to the child: out into the line's lane, along it, and over to the child. */
export function edgePath({ child, parent, via }: Edge): string {
  const bottom = y(parent.row)
  const top = y(child.row)
  const start = `M${x(parent.lane)} ${bottom}`
  if (parent.row - child.row <= 1) return start + curve(x(parent.lane), bottom, x(child.lane), top)
  const leave = bottom - (via === parent.lane ? 0 : ROW_HEIGHT)
  const arrive = top + (via === child.lane ? 0 : ROW_HEIGHT)
  return (
    start +
    (leave === bottom ? "" : curve(x(parent.lane), bottom, x(via), leave)) +
    (arrive === leave ? "" : `V${arrive}`) +
    (arrive === top ? "" : curve(x(via), arrive, x(child.lane), top))
  )
}

/** Three dots below a node, for a parent that is not drawn. */
export function stubDots(row: number, lane: number): readonly string[] {
  return [7.5, 10.5, 13.5].map((offset) => `M${x(lane)} ${y(row) + offset}v0.5`)
}

/** The lane whose colour an edge takes: the side branch's own. */
export function edgeLane({ child, parent, via, isFirst }: Edge): number {
  return isFirst ? child.lane : via === child.lane ? parent.lane : via
}
