/** The browser's own note of which session it is. */

import type { Cookie } from "./protocol"

export function storedCookie(name: string): string | null {
  for (const part of document.cookie.split(";")) {
    const [key, ...value] = part.trim().split("=")
    if (key === name) return value.join("=")
  }
  return null
}

/** Written when it differs, and once for every mount, so that daily use never lets it expire. */
export function keepCookie({ name, value, maxAgeS }: Cookie, isFirst: boolean): void {
  if (!isFirst && storedCookie(name) === value) return
  const secure = location.protocol === "https:" ? "; Secure" : ""
  // biome-ignore lint/suspicious/noDocumentCookie: cookieStore exists only on https
  document.cookie = `${name}=${value}; Path=/; Max-Age=${maxAgeS}; SameSite=Lax${secure}`
}
