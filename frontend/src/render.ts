/** The widget's elements, made once and updated in place: focus and typed text survive. */

import { Details } from "./details"
import { button, html, icon, setAttributes, setText } from "./dom"
import { chipElement, VersionList } from "./list"
import type { LeftOut, Level, Payload } from "./protocol"
import css from "./theme.css?inline"
import { type Steps, saveText, saveTitle } from "./view"

export interface ShownNotice {
  readonly id: string
  readonly level: Level
  readonly text: string
}

const EMPTY = "No versions yet. Change some data and the first one appears here."

export class Frame {
  readonly root: HTMLElement
  readonly undo = button("", "undo", "Undo")
  readonly redo = button("", "redo", "Redo")
  readonly branch = button("", "branch", "Branch")
  readonly namer: HTMLFormElement
  readonly nameInput: HTMLInputElement
  readonly list: VersionList
  readonly details = new Details()
  readonly noticeBox = html("div", { class: "notices" })

  private readonly branchChip = html("span", { class: "branch-slot" })
  private readonly saveState = html("span", { class: "save-text", "data-testid": "save-state" })
  private readonly save = html(
    "span",
    { class: "save" },
    html("span", { class: "dot" }),
    this.saveState,
  )
  private readonly reason = html("p", { class: "reason", hidden: true })
  private readonly nameHint: HTMLElement
  private readonly leftOut = html("details", { class: "left-out", hidden: true })
  private readonly empty = html("p", { class: "empty", hidden: true }, EMPTY)
  private readonly footer = html("p", { class: "footer" })
  private readonly failure = html("p", { class: "failure", role: "alert", hidden: true })
  private readonly live = html("div", { class: "live", role: "status", "aria-live": "polite" })
  private noticesKey = ""
  private leftOutKey = ""
  private chipKey = ""

  constructor(uid: string) {
    this.list = new VersionList(uid)
    this.nameHint = html("p", { class: "hint", id: `${uid}-hint` })
    this.nameInput = html("input", {
      class: "name",
      type: "text",
      "aria-label": "Name of the new branch",
      "aria-describedby": `${uid}-hint`,
      placeholder: "Automatic name",
      autocomplete: "off",
      spellcheck: "false",
      maxlength: 100,
    })
    this.namer = html(
      "form",
      { class: "namer", hidden: true, "aria-label": "New branch" },
      html("div", { class: "name-row" }, this.nameInput, this.createButton()),
      this.nameHint,
    )
    this.root = html("div", {
      class: "srs",
      role: "group",
      "aria-label": "Version history",
      "data-testid": "version-graph",
    })
    this.root.append(
      html("style", {}, css),
      this.failure,
      html(
        "div",
        { class: "head" },
        html("div", { class: "buttons" }, this.undo, this.redo, this.branch),
        html("div", { class: "state" }, this.save, this.branchChip),
      ),
      this.reason,
      this.namer,
      this.noticeBox,
      this.leftOut,
      this.list.element,
      this.empty,
      this.details.element,
      this.footer,
      this.live,
    )
  }

  private createButton(): HTMLButtonElement {
    const attributes = { type: "submit", class: "button primary", "aria-label": "Create branch" }
    return html("button", attributes, icon("check"))
  }

  /** The payload could not be read: say so, and nothing else. */
  fail(message: string | null): void {
    this.failure.hidden = message === null
    setText(this.failure, message ?? "")
    this.root.classList.toggle("failed", message !== null)
  }

  setMode({ mode, height, versions }: Payload): void {
    const isGraph = mode === "graph"
    setAttributes(this.root, { "data-testid": isGraph ? "version-graph" : "version-toolbar" })
    this.root.classList.toggle("toolbar", !isGraph)
    this.branch.hidden = !isGraph
    this.root.style.height = isGraph ? `${height}px` : ""
    this.list.element.hidden = !isGraph || versions.length === 0
    this.empty.hidden = !isGraph || versions.length > 0
  }

  setSteps(steps: Steps, canBranch: boolean): void {
    this.setButton(this.undo, steps.undoLabel, steps.undo !== null)
    this.setButton(this.redo, steps.redoLabel, steps.redo !== null)
    this.setButton(this.branch, "Branch: a new one from this version", canBranch)
  }

  private setButton(element: HTMLButtonElement, label: string, isEnabled: boolean): void {
    element.disabled = !isEnabled
    setAttributes(element, { "aria-label": label, title: label })
  }

  setBranch(name: string, lane: number): void {
    const key = `${lane} ${name}`
    if (key === this.chipKey) return
    this.chipKey = key
    this.branchChip.replaceChildren(
      ...(name ? [chipElement({ name, kind: "branch", isCurrent: true }, lane)] : []),
    )
  }

  setSave({ save, where }: Payload, nowS: number): void {
    const isLost = save.state === "not-saved"
    setText(this.saveState, saveText(save))
    setAttributes(this.save, { class: `save ${save.state}`, title: saveTitle(save, where, nowS) })
    this.reason.hidden = !isLost || !save.reason
    setText(this.reason, isLost ? (save.reason ?? "") : "")
  }

  setNamer(at: string | null, problem: string | null): void {
    this.namer.hidden = at === null
    setText(this.nameHint, problem ?? (at ? `From ${at}. Enter creates it, Esc cancels.` : ""))
    this.nameHint.classList.toggle("problem", problem !== null)
    setAttributes(this.nameInput, { "aria-invalid": problem === null ? null : "true" })
  }

  setNotices(notices: readonly ShownNotice[], dismiss: (id: string) => void): void {
    const key = JSON.stringify(notices)
    if (key === this.noticesKey) return
    this.noticesKey = key
    this.noticeBox.replaceChildren(
      ...notices.map(({ id, level, text }) => {
        const close = html("button", { type: "button", class: "button quiet" }, icon("close"))
        setAttributes(close, { "aria-label": `Dismiss: ${text}`, title: "Dismiss" })
        close.addEventListener("click", () => dismiss(id))
        const role = level === "error" ? "alert" : "status"
        return html("div", { class: `notice ${level}`, role }, html("span", {}, text), close)
      }),
    )
  }

  setLeftOut(values: readonly LeftOut[]): void {
    const key = JSON.stringify(values)
    if (key === this.leftOutKey) return
    this.leftOutKey = key
    this.leftOut.hidden = values.length === 0
    const count = values.length === 1 ? "1 value is" : `${values.length} values are`
    this.leftOut.replaceChildren(
      html("summary", {}, `${count} not kept`),
      html(
        "ul",
        {},
        ...values.map(({ key: name, reason }) =>
          html("li", {}, html("code", {}, name), reason ? `: ${reason}` : ""),
        ),
      ),
    )
  }

  setFooter({ versions, total, where }: Payload): void {
    const all = total.toLocaleString("en")
    const few = `${versions.length.toLocaleString("en")} of ${all} versions`
    const counted = total > versions.length ? few : total === 1 ? "1 version" : `${all} versions`
    setText(this.footer, [total > 0 ? counted : "", where].filter(Boolean).join(" · "))
    setAttributes(this.footer, { title: where || null })
  }

  announce(text: string): void {
    setText(this.live, text)
  }
}
