/** Draws the versions that are in sight, and only those. Decides nothing. */

import { html, icon, setAttributes, setText, svg } from "./dom"
import type { Edge, Node as Point } from "./layout"
import { edgeLane, edgePath, graphWidth, ROW_HEIGHT, stubDots, x, y } from "./paths"
import { type Chip, type ListView, rowAge, title } from "./view"

const OVERSCAN_ROWS = 20
const MAX_CHIPS = 2

interface Row {
  readonly element: HTMLElement
  readonly chips: HTMLElement
  readonly message: HTMLElement
  readonly age: HTMLElement
  chipsKey: string
}

export function chipElement({ name, kind, isCurrent }: Chip, lane: number): HTMLElement {
  const chip = html("span", { class: `chip ${kind} lane-${lane}`, title: `${kind} ${name}` })
  chip.classList.toggle("current", isCurrent)
  chip.append(icon(kind), html("span", { class: "chip-text" }, name))
  return chip
}

export class VersionList {
  readonly element: HTMLElement
  private readonly spacer: HTMLElement
  private readonly canvas: SVGSVGElement
  private readonly rows = new Map<string, Row>()
  private view: ListView | null = null
  private drawn = { first: 0, last: -1 }

  constructor(private readonly uid: string) {
    this.canvas = svg("svg", { class: "graph", "aria-hidden": "true", focusable: "false" })
    this.spacer = html("div", { class: "spacer", role: "presentation" }, this.canvas)
    this.element = html(
      "div",
      { class: "list", role: "listbox", "aria-label": "Versions", tabindex: 0 },
      this.spacer,
    )
    this.element.addEventListener("scroll", () => this.draw(false), { passive: true })
  }

  /** Show `view`; the same versions stay in place, unless the newest was in sight at the top. */
  update(view: ListView): void {
    const { scrollTop } = this.element
    const anchor = this.view?.layout.nodes[Math.floor(scrollTop / ROW_HEIGHT)]
    const moved = anchor && scrollTop > 1 ? view.layout.byId.get(anchor.id) : undefined
    this.view = view
    this.spacer.style.height = `${view.layout.nodes.length * ROW_HEIGHT}px`
    const lanesWidth = graphWidth(view.layout.laneCount)
    this.element.style.setProperty("--graph-width", `${lanesWidth}px`)
    this.canvas.setAttribute("width", String(lanesWidth))
    const shift = anchor && moved ? (moved.row - anchor.row) * ROW_HEIGHT : 0
    if (shift !== 0) this.element.scrollTop = scrollTop + shift
    this.draw(true)
  }

  /** Scroll as little as needed to have this version in sight. */
  reveal(id: string): void {
    const node = this.view?.layout.byId.get(id)
    if (!node) return
    const top = node.row * ROW_HEIGHT
    const { scrollTop, clientHeight } = this.element
    if (top < scrollTop) this.element.scrollTop = top
    else if (top + ROW_HEIGHT > scrollTop + clientHeight) {
      this.element.scrollTop = top + ROW_HEIGHT - clientHeight
    }
    this.draw(false)
  }

  get rowsPerPage(): number {
    return Math.max(1, Math.floor(this.element.clientHeight / ROW_HEIGHT) - 1)
  }

  /** Only the ages: cheap enough for a timer. */
  refreshAges(nowS: number): void {
    if (!this.view) return
    this.view = { ...this.view, nowS }
    for (const [id, row] of this.rows) this.fillAge(row, id)
  }

  private draw(isChanged: boolean): void {
    if (!this.view) return
    const { nodes, byId } = this.view.layout
    const { scrollTop, clientHeight } = this.element
    const inSight = Math.ceil((clientHeight || 600) / ROW_HEIGHT)
    const top = Math.floor(scrollTop / ROW_HEIGHT)
    if (!isChanged && top >= this.drawn.first && top + inSight <= this.drawn.last) return
    const first = Math.max(0, top - OVERSCAN_ROWS)
    const last = Math.min(nodes.length - 1, top + inSight + OVERSCAN_ROWS)
    this.drawn = { first, last: last === nodes.length - 1 ? Infinity : last }
    const points = nodes.slice(first, last + 1)
    const selected = this.view.selected === null ? undefined : byId.get(this.view.selected)
    if (selected && selected.row < first) points.unshift(selected)
    if (selected && selected.row > last) points.push(selected)
    this.drawRows(points)
    this.drawGraph(first, last, points)
  }

  private drawRows(points: readonly Point[]): void {
    const wanted = new Set(points.map(({ id }) => id))
    for (const [id, row] of this.rows) {
      if (wanted.has(id)) continue
      row.element.remove()
      this.rows.delete(id)
    }
    // In the order that is seen: who reads the page by its elements gets the newest first.
    let cursor = this.canvas.nextSibling
    for (const point of points) {
      const element = this.rows.get(point.id)?.element ?? this.addRow(point.id)
      if (element === cursor) cursor = element.nextSibling
      else this.spacer.insertBefore(element, cursor)
      this.fillRow(point)
    }
    const selected = this.view?.selected
    setAttributes(this.element, {
      "aria-activedescendant": selected && wanted.has(selected) ? this.domId(selected) : null,
    })
  }

  private addRow(id: string): HTMLElement {
    const chips = html("span", { class: "chips" })
    const message = html("span", { class: "message" })
    const age = html("span", { class: "age" })
    const element = html(
      "div",
      { class: "row", role: "option", id: this.domId(id), "data-version-id": id },
      chips,
      message,
      age,
    )
    this.rows.set(id, { element, chips, message, age, chipsKey: "" })
    return element
  }

  private fillRow({ id, row: index, lane }: Point): void {
    const row = this.rows.get(id)
    const version = this.view?.versions.get(id)
    if (!row || !version || !this.view) return
    const { current, selected, undone, layout, chips: allChips } = this.view
    row.element.style.top = `${index * ROW_HEIGHT}px`
    setAttributes(row.element, {
      "aria-selected": String(id === selected),
      "aria-current": id === current ? "true" : null,
      "aria-posinset": index + 1,
      "aria-setsize": layout.nodes.length,
    })
    const className = `row lane-${lane}${undone.has(id) ? " undone" : ""}`
    if (row.element.className !== className) row.element.className = className
    setText(row.message, title(version))
    const chips = allChips.get(id) ?? []
    const chipsKey = JSON.stringify([lane, chips])
    if (row.chipsKey !== chipsKey) {
      row.chipsKey = chipsKey
      row.chips.replaceChildren(...chips.slice(0, MAX_CHIPS).map((chip) => chipElement(chip, lane)))
      const rest = chips.slice(MAX_CHIPS).map(({ name }) => name)
      if (rest.length > 0) {
        row.chips.append(html("span", { class: "chip", title: rest.join(", ") }, `+${rest.length}`))
      }
    }
    this.fillAge(row, id)
  }

  private fillAge(row: Row, id: string): void {
    const version = this.view?.versions.get(id)
    if (!version || !this.view) return
    setText(row.age, rowAge(version, this.view.nowS))
    setAttributes(row.element, { title: version.message || null })
  }

  private drawGraph(first: number, last: number, points: readonly Point[]): void {
    const { edges = [] } = this.view?.layout ?? {}
    const inRange = edges.filter(({ child, parent }) => child.row <= last && parent.row >= first)
    const group = svg("g", { transform: `translate(0 ${-first * ROW_HEIGHT})` })
    group.append(...inRange.map((edge) => this.edge(edge)))
    for (const { row, lane, hasStub } of points) {
      if (!hasStub) continue
      group.append(
        ...stubDots(row, lane).map((d) => svg("path", { class: `stub lane-${lane}`, d })),
      )
    }
    group.append(...points.map((point) => this.node(point)))
    this.canvas.style.top = `${first * ROW_HEIGHT}px`
    this.canvas.setAttribute("height", String(Math.max(0, last - first + 1) * ROW_HEIGHT))
    this.canvas.replaceChildren(group)
  }

  private edge(edge: Edge): SVGElement {
    const isUndone = edge.isFirst && this.view?.undone.has(edge.child.id)
    const classes = ["edge", `lane-${edgeLane(edge)}`]
    if (isUndone) classes.push("undone")
    if (!edge.isFirst) classes.push("merge")
    return svg("path", { class: classes.join(" "), d: edgePath(edge) })
  }

  private node({ id, row, lane }: Point): SVGElement {
    const isCurrent = id === this.view?.current
    const classes = ["node", `lane-${lane}`]
    if (isCurrent) classes.push("current")
    if (this.view?.undone.has(id)) classes.push("undone")
    const radius = isCurrent ? 5 : 4
    return svg("circle", { class: classes.join(" "), cx: x(lane), cy: y(row), r: radius })
  }

  private domId(id: string): string {
    return `${this.uid}-${id}`
  }
}
