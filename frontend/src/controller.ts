/** Focus, keys, selection and actions: what the person does, and what the app answers. */

import type { Intent } from "./actions"
import {
  type Action,
  type ActionEvent,
  type ActionState,
  afterwards,
  initialState,
  step,
} from "./actions"
import { keepCookie } from "./cookie"
import { History, type Position } from "./history"
import { type Layout, layout } from "./layout"
import type { Parsed, Payload, VersionId } from "./protocol"
import { Frame, type ShownNotice } from "./render"
import { branchName, chipsOf, type ListView, stepsFrom, title } from "./view"

export type Send = (action: Action) => void

const AGES_EVERY_MS = 30_000
const TICK_EVERY_MS = 250
const DOUBLE_CLICK_MS = 400
const DOUBLE_CLICK_PX = 6
const OWN_NOTICE = "answer"

interface Click {
  readonly id: VersionId
  readonly atMs: number
  readonly x: number
  readonly y: number
}

/** Where a new branch is to start; `at: null` is wherever the person is when it is made. */
interface Naming {
  readonly at: VersionId | null
}

export class Controller {
  private readonly frame: Frame
  private readonly ages: ReturnType<typeof setInterval>
  private readonly dismissed = new Set<string>()
  private ticker: ReturnType<typeof setInterval> | undefined
  private send: Send = () => {}
  private actions: ActionState
  private history: History | null = null
  private layout: Layout = layout([])
  private clockOffsetS = 0
  private selected: VersionId | null = null
  private naming: Naming | null = null
  private nameProblem: string | null = null
  private lastClick: Click | null = null
  private announced: string | null = null
  private hasCookie = false

  constructor(parent: HTMLElement | ShadowRoot, client: string) {
    this.actions = initialState(client)
    this.frame = new Frame(`srs-${client.slice(0, 8)}`)
    this.listen()
    parent.append(this.frame.root)
    this.ages = setInterval(() => this.refreshAges(), AGES_EVERY_MS)
  }

  /** Go on in another place, with everything that was asked for. */
  moveTo(parent: HTMLElement | ShadowRoot): void {
    parent.append(this.frame.root)
  }

  /** Leave the page; `moveTo` or `dispose` follows. */
  leave(): void {
    this.frame.root.remove()
  }

  dispose(): void {
    clearInterval(this.ages)
    clearInterval(this.ticker)
    this.frame.root.remove()
  }

  update(parsed: Parsed, send: Send): void {
    this.send = send
    if (parsed.kind === "error") {
      this.frame.fail(parsed.message)
      return
    }
    const { payload } = parsed
    if (payload.now !== this.history?.payload.now) {
      this.clockOffsetS = payload.now - Date.now() / 1000
    }
    this.history = new History(payload)
    this.layout = layout(payload.versions, this.layout.byId)
    if (this.selected !== null && !this.layout.byId.has(this.selected)) this.selected = null
    if (payload.cookie) keepCookie(payload.cookie, !this.hasCookie)
    this.hasCookie ||= payload.cookie !== null
    this.frame.fail(null)
    this.dispatch({ kind: "data", head: payload.head, ack: payload.ack, nowMs: performance.now() })
  }

  // --- actions -------------------------------------------------------------------------------

  private dispatch(event: ActionEvent): void {
    const { state, send } = step(this.actions, event)
    const isIdle = state === this.actions && event.kind === "tick"
    this.actions = state
    if (send) this.send(send)
    if (state.flight && this.ticker === undefined) {
      const tick = () => this.dispatch({ kind: "tick", nowMs: performance.now() })
      this.ticker = setInterval(tick, TICK_EVERY_MS)
    } else if (!state.flight) {
      clearInterval(this.ticker)
      this.ticker = undefined
    }
    if (!isIdle) this.show()
  }

  private ask(intent: Intent, shows: Position): void {
    this.dispatch({ kind: "intent", intent, shows: afterwards(shows), nowMs: performance.now() })
    if (shows.version !== null) this.frame.list.reveal(shows.version)
  }

  private position(history: History): Position {
    return this.actions.optimistic ?? history.position
  }

  private move(to: (history: History, from: Position) => Position | null): void {
    if (!this.history) return
    const shows = to(this.history, this.position(this.history))
    if (!shows || shows.version === null) return
    this.ask({ kind: "checkout", version: shows.version, branch: shows.branch }, shows)
  }

  private undo(): void {
    this.move((history, from) => history.undo(from))
  }

  private redo(): void {
    this.move((history, from) => history.redo(from))
  }

  private goTo(id: VersionId): void {
    this.move((history, from) => (from.version === id ? null : history.goTo(id, from)))
  }

  // --- naming a branch -----------------------------------------------------------------------

  private openNamer(at: VersionId | null): void {
    if (!this.naming) this.frame.nameInput.value = ""
    this.naming = { at }
    this.nameProblem = null
    this.show()
    this.frame.nameInput.focus()
    if (this.selected !== null) this.frame.list.reveal(this.selected)
  }

  private closeNamer(): void {
    this.naming = null
    this.nameProblem = null
    this.frame.nameInput.value = ""
    this.show()
    this.focusList()
  }

  private createBranch(): void {
    if (!this.history || !this.naming) return
    const at = this.naming.at ?? this.position(this.history).version
    const name = this.frame.nameInput.value.trim() || null
    if (at === null) return
    if (name !== null && this.history.payload.branches.has(name)) {
      this.nameProblem = "There is a branch of this name already."
      this.show()
      return
    }
    this.ask({ kind: "branch", at, name }, { branch: name, version: at, tip: at })
    this.closeNamer()
  }

  // --- what the person does ------------------------------------------------------------------

  private listen(): void {
    const { root, undo, redo, branch, namer, nameInput, list, details } = this.frame
    undo.addEventListener("click", () => this.undo())
    redo.addEventListener("click", () => this.redo())
    branch.addEventListener("click", () => (this.naming ? this.closeNamer() : this.openNamer(null)))
    details.goTo.addEventListener("click", () => this.selected !== null && this.goTo(this.selected))
    details.branch.addEventListener("click", () => this.openNamer(this.selected))
    details.close.addEventListener("click", () => this.deselect())
    namer.addEventListener("submit", (event) => {
      event.preventDefault()
      this.createBranch()
    })
    nameInput.addEventListener("input", () => {
      this.nameProblem = null
      this.show()
    })
    list.element.addEventListener("click", (event) => this.clickRow(event))
    root.addEventListener("click", (event) => this.secondClick(event), { capture: true })
    root.addEventListener("keydown", (event) => this.keyDown(event))
    for (const kind of ["keypress", "keyup"]) root.addEventListener(kind, keepFromStreamlit)
  }

  private clickRow(event: MouseEvent): void {
    const row = (event.target as Element | null)?.closest("[data-version-id]")
    const id = row?.getAttribute("data-version-id")
    if (!id) return
    const isByPointer = event.detail > 0
    if (isByPointer) {
      this.lastClick = { id, atMs: performance.now(), x: event.clientX, y: event.clientY }
    }
    this.select(id)
  }

  /**
   * A double-click is found here and not by `dblclick`: the details that the first click opens
   * may have come to lie under the pointer, and must not get the second.
   */
  private secondClick(event: MouseEvent): void {
    const first = this.lastClick
    this.lastClick = null
    if (!first || event.detail === 0 || performance.now() - first.atMs > DOUBLE_CLICK_MS) return
    const distance = Math.hypot(event.clientX - first.x, event.clientY - first.y)
    const row = (event.target as Element | null)?.closest("[data-version-id]")
    const isOther = row && row.getAttribute("data-version-id") !== first.id
    if (distance > DOUBLE_CLICK_PX || isOther) return
    event.stopPropagation()
    event.preventDefault()
    this.goTo(first.id)
  }

  private keyDown(event: KeyboardEvent): void {
    const isInName = event.target === this.frame.nameInput
    const hasSomethingOpen = this.naming !== null || this.selected !== null
    if (event.key === "Escape" && !hasSomethingOpen) return // for a dialog around the widget
    keepFromStreamlit(event)
    if (event.key === "Escape") {
      if (this.naming) this.closeNamer()
      else this.deselect()
      event.preventDefault()
    } else if (!isInName && (event.ctrlKey || event.metaKey)) this.undoKeys(event)
    else if (event.target === this.frame.list.element) this.listKeys(event)
  }

  private undoKeys(event: KeyboardEvent): void {
    const key = event.key.toLowerCase()
    if (key === "z" && !event.shiftKey) this.undo()
    else if (key === "y" || key === "z") this.redo()
    else return
    event.preventDefault()
  }

  private listKeys(event: KeyboardEvent): void {
    if (event.key === "Enter") {
      if (this.selected !== null) this.goTo(this.selected)
    } else {
      const row = this.rowFor(event.key)
      const id = row === null ? undefined : this.layout.nodes[row]?.id
      if (id === undefined) return
      this.select(id)
    }
    event.preventDefault()
  }

  private rowFor(key: string): number | null {
    const last = this.layout.nodes.length - 1
    const from = this.selected ?? (this.history && this.position(this.history).version) ?? ""
    const row = this.layout.byId.get(from)?.row ?? 0
    const isFirstKey = this.selected === null
    const page = this.frame.list.rowsPerPage
    switch (key) {
      case "ArrowUp":
        return isFirstKey ? row : Math.max(0, row - 1)
      case "ArrowDown":
        return isFirstKey ? row : Math.min(last, row + 1)
      case "PageUp":
        return Math.max(0, row - page)
      case "PageDown":
        return Math.min(last, row + page)
      case "Home":
        return 0
      case "End":
        return last
      case " ":
        return row
      default:
        return null
    }
  }

  private select(id: VersionId): void {
    this.selected = id
    this.show()
    this.frame.list.reveal(id)
  }

  private deselect(): void {
    this.selected = null
    this.show()
    this.focusList()
  }

  private focusList(): void {
    const { list, branch } = this.frame
    if (list.element.hidden) branch.focus({ preventScroll: true })
    else list.element.focus({ preventScroll: true })
  }

  private dismiss(id: string): void {
    if (id === OWN_NOTICE) this.dispatch({ kind: "dismiss" })
    else this.dismissed.add(id)
    this.show()
  }

  // --- showing -------------------------------------------------------------------------------

  private get nowS(): number {
    return Date.now() / 1000 + this.clockOffsetS
  }

  private show(): void {
    const { history, frame } = this
    if (!history) return
    const { payload } = history
    const position = this.position(history)
    const name = branchName(position)
    frame.setMode(payload)
    const focused = this.focusedButton()
    frame.setSteps(stepsFrom(history, position), position.version !== null)
    if (focused?.disabled) this.focusAfter(focused)
    frame.setBranch(name, this.layout.byId.get(position.tip ?? "")?.lane ?? 0)
    frame.setSave(payload, this.nowS)
    frame.setNamer(this.namerPlace(history, position), this.nameProblem)
    frame.setNotices(this.notices(payload), (id) => this.dismiss(id))
    frame.setLeftOut(payload.leftOut)
    frame.setFooter(payload)
    frame.root.classList.toggle("busy", this.actions.flight !== null)
    this.showDetails(history, position)
    frame.list.update(this.listView(history, position, name))
    this.announce(history, position, name)
  }

  private listView(history: History, position: Position, name: string): ListView {
    return {
      layout: this.layout,
      versions: history.byId,
      current: position.version,
      undone: new Set(history.redoPath(position)),
      chips: chipsOf(history.payload, name),
      selected: this.selected,
      nowS: this.nowS,
    }
  }

  private showDetails(history: History, position: Position): void {
    const isList = history.payload.mode === "graph"
    const version = this.selected === null ? undefined : history.byId.get(this.selected)
    const isCurrent = version?.id === position.version
    this.frame.details.update(isList ? (version ?? null) : null, isCurrent, this.nowS)
  }

  private namerPlace(history: History, position: Position): string | null {
    if (!this.naming) return null
    const id = this.naming.at ?? position.version
    return `"${title(id === null ? undefined : history.byId.get(id))}"`
  }

  private notices({ notices }: Payload): ShownNotice[] {
    const shown: ShownNotice[] = notices.filter(({ id }) => !this.dismissed.has(id))
    const { message } = this.actions
    if (message !== null) shown.unshift({ id: OWN_NOTICE, level: "error", text: message })
    return shown
  }

  private announce(history: History, { version }: Position, name: string): void {
    const key = `${version} ${name}`
    const isFirst = this.announced === null
    if (key === this.announced) return
    this.announced = key
    if (isFirst || version === null) return
    const where = name ? ` on ${name}` : ""
    this.frame.announce(`Now at: ${title(history.byId.get(version))}${where}`)
  }

  /** The focused one of undo and redo, which may be about to be switched off. */
  private focusedButton(): HTMLButtonElement | null {
    const active = (this.frame.root.getRootNode() as ShadowRoot | Document).activeElement
    const { undo, redo } = this.frame
    return active === undo || active === redo ? (active as HTMLButtonElement) : null
  }

  /** A button that can no longer be pressed would swallow the keys. */
  private focusAfter(button: HTMLButtonElement): void {
    const { undo, redo } = this.frame
    const other = button === undo ? redo : undo
    if (other.disabled) this.focusList()
    else other.focus({ preventScroll: true })
  }

  private refreshAges(): void {
    if (!this.history) return
    this.frame.list.refreshAges(this.nowS)
    this.frame.setSave(this.history.payload, this.nowS)
    this.showDetails(this.history, this.position(this.history))
  }
}

/** Single letters are Streamlit's shortcuts ("r" reruns the app); keys here are meant for us. */
function keepFromStreamlit(event: Event): void {
  event.stopPropagation()
}
