/** How long ago, in as few characters as a narrow sidebar needs. */

const MINUTE = 60
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const MONTH = 30.4375 * DAY
const YEAR = 365.25 * DAY

/** "now", "2 min", "3 h", "5 d", "4 mo", "2 y"; clocks that disagree give "now". */
export function age(seconds: number): string {
  if (!(seconds >= 45)) return "now"
  if (seconds < HOUR) return `${Math.max(1, Math.floor(seconds / MINUTE))} min`
  if (seconds < DAY) return `${Math.floor(seconds / HOUR)} h`
  if (seconds < 2 * MONTH) return `${Math.floor(seconds / DAY)} d`
  if (seconds < YEAR) return `${Math.floor(seconds / MONTH)} mo`
  return `${Math.floor(seconds / YEAR)} y`
}

/** The same for a sentence: "just now", "2 min ago". */
export function ago(seconds: number): string {
  const short = age(seconds)
  return short === "now" ? "just now" : `${short} ago`
}

const LARGEST_DATE_S = 8.64e12

/** Day and time in the reader's own zone and language. */
export function exactTime(at: number): string {
  if (!(Math.abs(at) <= LARGEST_DATE_S) || at === 0) return "unknown time"
  return new Date(at * 1000).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" })
}
