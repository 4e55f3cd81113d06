/** The panel below the list: all that is known of the selected version, and what to do with it. */

import { ago, exactTime } from "./ages"
import { button, html, icon, setAttributes, setText } from "./dom"
import type { Version } from "./protocol"
import { shortId, title } from "./view"

export class Details {
  readonly element: HTMLElement
  readonly goTo = button("primary", null, "Go to")
  readonly branch = button("", "branch", "Branch here")
  readonly close = html(
    "button",
    { type: "button", class: "button quiet", "aria-label": "Close details", title: "Close (Esc)" },
    icon("close"),
  )
  private readonly message = html("p", { class: "full-message" })
  private readonly changes = html("ul", { class: "changes" })
  private readonly meta = html("p", { class: "meta" })
  private changesKey = ""

  constructor() {
    this.element = html(
      "section",
      { class: "details", "aria-label": "Selected version", hidden: true },
      html("div", { class: "details-head" }, this.message, this.close),
      html(
        "div",
        { class: "details-body", tabindex: 0, role: "group", "aria-label": "Changes" },
        this.changes,
        this.meta,
      ),
      html("div", { class: "details-actions" }, this.goTo, this.branch),
    )
  }

  update(version: Version | null, isCurrent: boolean, nowS: number): void {
    this.element.hidden = version === null
    if (!version) return
    const name = title(version)
    setText(this.message, version.message.trim() || name)
    this.fillChanges(version)
    const facts = [
      `${exactTime(version.at)} (${ago(nowS - version.at)})`,
      version.author,
      version.branch ? `on ${version.branch}` : "",
      shortId(version.id),
    ]
    setText(this.meta, facts.filter(Boolean).join(" · "))
    setAttributes(this.meta, { title: version.id })
    this.goTo.disabled = isCurrent
    setText(this.goTo.lastElementChild ?? this.goTo, isCurrent ? "You are here" : "Go to")
    setAttributes(this.goTo, { "aria-label": isCurrent ? "Go to: you are here" : `Go to: ${name}` })
    setAttributes(this.branch, { "aria-label": `Branch here: ${name}` })
  }

  private fillChanges(version: Version): void {
    const lines = version.changes.filter((line) => line !== version.message.trim())
    const key = JSON.stringify(lines)
    if (key === this.changesKey) return
    this.changesKey = key
    this.changes.hidden = lines.length === 0
    this.changes.replaceChildren(...lines.map((line) => html("li", {}, line)))
  }
}
