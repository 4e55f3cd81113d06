/** Small helpers that make elements; text only ever goes in as text. */

type Attributes = Readonly<Record<string, string | number | boolean | null | undefined>>

const SVG = "http://www.w3.org/2000/svg"

/** Set attributes; null, undefined and false take one away. Writes only what differs. */
export function setAttributes(element: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) element.removeAttribute(name)
    else {
      const wanted = value === true ? "" : String(value)
      if (element.getAttribute(name) !== wanted) element.setAttribute(name, wanted)
    }
  }
}

export function html<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag)
  setAttributes(element, attributes)
  element.append(...children)
  return element
}

export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Node[]
): SVGElementTagNameMap[K] {
  const element = document.createElementNS(SVG, tag)
  setAttributes(element, attributes)
  element.append(...children)
  return element
}

export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text
}

const ICONS = {
  undo: "M6 3.5 2.5 7 6 10.5M3 7h6.5a4 4 0 0 1 0 8H7",
  redo: "M10 3.5 13.5 7 10 10.5M13 7H6.5a4 4 0 0 0 0 8H9",
  branch:
    "M4.5 5.5v7M4.5 9.5h3a4 4 0 0 0 4-4M4.5 5.5a2 2 0 1 0 0-4 2 2 0 0 0 0 4ZM4.5 16.5a2 2 0 1 0 0-4 2 2 0 0 0 0 4ZM11.5 5.5a2 2 0 1 0 0-4 2 2 0 0 0 0 4Z",
  tag: "M2 8.2V3.5A1.5 1.5 0 0 1 3.5 2h4.7L14.5 8.3 8.3 14.5ZM5.5 5.5h.01",
  close: "m4.5 4.5 7 7m0-7-7 7",
  check: "m3 8.5 3.5 3.5L13 4.5",
} as const
export type IconName = keyof typeof ICONS

export function icon(name: IconName): SVGSVGElement {
  const box = name === "branch" ? "0 0 16 18" : "0 0 16 17"
  return svg(
    "svg",
    { class: "icon", viewBox: box, "aria-hidden": "true", focusable: "false" },
    svg("path", { d: ICONS[name] }),
  )
}

/** A real button: picture, short text, and a full name for those who cannot see either. */
export function button(
  className: string,
  picture: IconName | null,
  text: string,
): HTMLButtonElement {
  const made = html("button", {
    type: "button",
    class: className ? `button ${className}` : "button",
  })
  if (picture) made.append(icon(picture))
  if (text) made.append(html("span", { class: "button-text" }, text))
  return made
}
