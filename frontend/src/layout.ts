/**
 * Versions -> rows and lanes. Pure, and stable: lanes are given out from the oldest version to the
 * newest, and only by what is older, so that a new version never moves one that is already drawn.
 */

export interface Commit {
  readonly id: string
  readonly parents: readonly string[]
}

export interface Node {
  readonly id: string
  /** 0 is the newest. */
  readonly row: number
  readonly lane: number
  /** A parent is not drawn: outside the window, or no lane was free for the line to it. */
  readonly hasStub: boolean
}

export interface Edge {
  readonly child: Node
  readonly parent: Node
  /** The lane in which the line runs between the two rows. */
  readonly via: number
  /** The line to the first parent, which is the way undo takes. */
  readonly isFirst: boolean
}

export interface Layout {
  readonly nodes: readonly Node[]
  readonly edges: readonly Edge[]
  readonly byId: ReadonlyMap<string, Node>
  readonly laneCount: number
}

export const MAX_LANES = 5

/** Oldest first and parents before children, whatever the clocks of several servers said. */
function parentsFirst(newestFirst: readonly Commit[]): Commit[] {
  const commits = new Map(newestFirst.map((commit) => [commit.id, commit]))
  const opened = new Set<string>()
  const ordered: Commit[] = []
  for (let i = newestFirst.length - 1; i >= 0; i--) {
    const stack: { commit: Commit; next: number }[] = []
    const open = (commit: Commit | undefined) => {
      if (!commit || opened.has(commit.id)) return
      opened.add(commit.id)
      stack.push({ commit, next: 0 })
    }
    open(newestFirst[i])
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      const parent = top.commit.parents[top.next++]
      if (parent !== undefined) open(commits.get(parent))
      else ordered.push((stack.pop() ?? top).commit)
    }
  }
  return ordered
}

/** What stands highest in each lane so far; positions count from the oldest version. */
class Lanes {
  private readonly top: number[] = []
  constructor(private readonly cap: number) {}

  get count(): number {
    return this.top.length
  }

  isFree(lane: number, since: number): boolean {
    return lane < this.cap && (this.top[lane] ?? -1) <= since
  }

  /** The leftmost lane with nothing above `since`, or a new one while there is room. */
  firstFree(since: number): number | null {
    for (let lane = 0; lane < Math.min(this.cap, this.top.length + 1); lane++) {
      if (this.isFree(lane, since)) return lane
    }
    return null
  }

  /** A lane for a line with no beginning: a new one, or else the one left alone for longest. */
  forRoot(): number {
    if (this.top.length < this.cap) return this.top.length
    return this.top.indexOf(Math.min(...this.top))
  }

  take(lane: number, position: number): void {
    while (this.top.length <= lane) this.top.push(-1)
    this.top[lane] = Math.max(this.top[lane] ?? -1, position)
  }
}

interface Placed {
  readonly position: number
  readonly lane: number
  hasStub: boolean
}

interface Line {
  readonly child: string
  readonly parent: string
  readonly via: number
  readonly isFirst: boolean
}

function laneFor(parent: Placed | undefined, hint: number | undefined, lanes: Lanes): number {
  if (!parent) return hint !== undefined && lanes.isFree(hint, Infinity) ? hint : lanes.forRoot()
  if (hint !== undefined && lanes.isFree(hint, parent.position)) return hint
  if (lanes.isFree(parent.lane, parent.position)) return parent.lane
  return lanes.firstFree(parent.position) ?? lanes.forRoot()
}

/** The lane for the line of a merge: the other parent's, the child's, or any that is free. */
function laneOfMerge(parent: Placed, child: Placed, lanes: Lanes): number | null {
  if (parent.position === child.position - 1) return child.lane
  if (lanes.isFree(parent.lane, parent.position)) return parent.lane
  return lanes.firstFree(parent.position)
}

/**
 * Give every version a row and a lane.
 *
 * `hints` are the lanes of an earlier layout: they keep rows in place when the oldest versions
 * leave the window. A line never passes through the node of another version; where no lane is
 * free, the child gets a stub instead.
 */
export function layout(
  newestFirst: readonly Commit[],
  hints: ReadonlyMap<string, { readonly lane: number }> = new Map(),
  cap: number = MAX_LANES,
): Layout {
  const ordered = parentsFirst(newestFirst)
  const lanes = new Lanes(cap)
  const placed = new Map<string, Placed>()
  const lines: Line[] = []
  ordered.forEach((commit, position) => {
    const [firstId, ...otherIds] = commit.parents
    const first = firstId === undefined ? undefined : placed.get(firstId)
    const lane = laneFor(first, hints.get(commit.id)?.lane, lanes)
    const self: Placed = { position, lane, hasStub: firstId !== undefined && !first }
    if (firstId !== undefined && first) {
      if (lanes.isFree(lane, first.position)) {
        lines.push({ child: commit.id, parent: firstId, via: lane, isFirst: true })
        lanes.take(lane, position - 1)
      } else self.hasStub = true
    }
    for (const id of otherIds) {
      const parent = placed.get(id)
      const via = parent ? laneOfMerge(parent, self, lanes) : null
      if (via === null) self.hasStub = true
      else {
        lines.push({ child: commit.id, parent: id, via, isFirst: false })
        if (via !== lane) lanes.take(via, position - 1)
      }
    }
    lanes.take(lane, position)
    placed.set(commit.id, self)
  })
  return assemble(ordered, placed, lines, lanes.count)
}

function assemble(
  ordered: readonly Commit[],
  placed: ReadonlyMap<string, Placed>,
  lines: readonly Line[],
  laneCount: number,
): Layout {
  const byId = new Map<string, Node>()
  const nodes: Node[] = []
  for (let i = ordered.length - 1; i >= 0; i--) {
    const id = ordered[i]?.id ?? ""
    const { lane = 0, hasStub = false } = placed.get(id) ?? {}
    const node = { id, row: ordered.length - 1 - i, lane, hasStub }
    nodes.push(node)
    byId.set(id, node)
  }
  const edges = lines.flatMap((line) => {
    const child = byId.get(line.child)
    const parent = byId.get(line.parent)
    return child && parent ? [{ child, parent, via: line.via, isFirst: line.isFirst }] : []
  })
  return { nodes, edges, byId, laneCount }
}
