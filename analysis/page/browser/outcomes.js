// What members come to under a scenario, and what is read from it: bands, and how likely each target is.
import { judged, quantile } from "./numbers.js"
import { BLOCK } from "./pool.js"

/** Members of the first redraw, spread over all of them. */
export const FIRST = 64
/** Outcomes kept; one of 500 members takes some five megabytes. */
const KEPT = 14
/** The levels of the bands: 90 and 50 percent of members, and the median. */
export const LEVELS = [0.05, 0.25, 0.5, 0.75, 0.95]
export const NAMES = ["p05", "p25", "p50", "p75", "p95"]

/** Where each output stands in a member's numbers. @param {string[]} names @param {(name: string) => number} width */
export function layoutOf(names, width, years) {
  const places = new Map()
  let place = 0
  for (const name of names) {
    places.set(name, { place, width: width(name) })
    place += width(name)
  }
  return { places, size: place * years, years }
}

export class Outcome {
  constructor(members, layout) {
    this.members = members
    this.layout = layout
    this.values = new Float64Array(members * layout.size)
    this.done = new Uint8Array(members)
    this.count = 0
  }

  get complete() {
    return this.count === this.members
  }

  /** @param {Int32Array} members @param {Float64Array} values */
  put(members, values) {
    members.forEach((member, place) => {
      this.values.set(values.subarray(place * this.layout.size, (place + 1) * this.layout.size), member * this.layout.size)
      this.count += this.done[member] ? 0 : 1
      this.done[member] = 1
    })
  }

  /** One number of each member given. @param {Int32Array | number[]} members */
  column(name, element, year, members) {
    const { place } = this.layout.places.get(name)
    const offset = (place + element) * this.layout.years + year
    return Float64Array.from(members, (member) => this.values[member * this.layout.size + offset])
  }

  /** Quantiles over members by level and year, in units of `size`. */
  bands(name, size, members, element = 0) {
    const rows = LEVELS.map(() => new Float64Array(this.layout.years))
    for (let year = 0; year < this.layout.years; year += 1) {
      const sorted = this.column(name, element, year, members).sort()
      LEVELS.forEach((level, row) => {
        rows[row][year] = quantile(sorted, level) / size
      })
    }
    return rows
  }

  /** @param {any} target @param {number[]} labels The years. */
  judged(target, labels, members) {
    return judged(target, this.column(target.variable, 0, labels.indexOf(target.year), members))
  }
}

/** The members of the first redraw, then the others. @param {number} members */
export function orderOfMembers(members) {
  const first = Math.min(FIRST, members)
  const spread = Array.from({ length: first }, (_, place) => Math.floor((place * members) / first))
  const taken = new Set(spread)
  const rest = Array.from({ length: members }, (_, member) => member).filter((member) => !taken.has(member))
  return { first: Int32Array.from(spread), rest: Int32Array.from(rest) }
}

function blocks(members, size) {
  const parts = []
  for (let place = 0; place < members.length; place += size) parts.push(members.slice(place, place + size))
  return parts
}

export class Outcomes {
  /** @param {import("./pool.js").Pool} pool @param {ReturnType<typeof layoutOf>} layout @param {Record<string, number>} sizes Members by evidence. */
  constructor(pool, layout, sizes) {
    this.pool = pool
    this.layout = layout
    this.orders = Object.fromEntries(Object.entries(sizes).map(([seen, members]) => [seen, orderOfMembers(members)]))
    this.sizes = sizes
    this.kept = new Map()
    this.owner = {}
  }

  /** The outcome of changes, whether it has been run or not. */
  of(evidence, changes) {
    const key = `${evidence} ${JSON.stringify(changes)}`
    const outcome = this.kept.get(key) ?? new Outcome(this.sizes[evidence], this.layout)
    this.kept.delete(key)
    this.kept.set(key, outcome)
    for (const old of this.kept.keys()) {
      if (this.kept.size <= KEPT) break
      this.kept.delete(old)
    }
    return outcome
  }

  /**
   * Run what is missing of some scenarios, the first members of all of them first; what was asked before is dropped.
   * @param {{evidence: string, changes: any[]}[]} wanted
   * @param {{first: (seconds: number) => void, all: (seconds: number) => void, failed: (error: Error) => void}} told
   */
  ask(evidence, wanted, told) {
    this.pool.drop(this.owner)
    const owner = {}
    this.owner = owner
    const began = performance.now()
    const known = new Map()
    for (const changes of wanted) known.set(this.of(evidence, changes), changes)
    const { first, rest } = this.orders[evidence]
    let failed = false
    const run = (rank, members, size, ended) => {
      const jobs = [...known].flatMap(([outcome, changes], place) => {
        const missing = members.filter((member) => !outcome.done[member])
        return blocks(missing, size).map((part) => ({ outcome, changes, part, place }))
      })
      let open = jobs.length
      if (!open) ended()
      for (const { outcome, changes, part, place } of jobs) {
        this.pool.ask({
          rank: rank + place / 100,
          owner,
          task: { evidence, changes, members: part },
          done: (answer) => {
            outcome.put(part, answer.values)
            open -= 1
            if (!open && !failed) ended()
          },
          failed: (error) => {
            if (!failed && owner === this.owner) told.failed(error)
            failed = true
            this.pool.drop(owner)
          },
        })
      }
    }
    const seconds = () => (performance.now() - began) / 1000
    const share = Math.max(4, Math.ceil(first.length / (2 * this.pool.workers.length)))
    run(1, first, Math.min(BLOCK, share), () => {
      const whole = [...known.keys()].every((outcome) => outcome.complete)
      if (!whole) told.first(seconds())
      run(2, rest, BLOCK, () => told.all(seconds()))
    })
  }

  /** The members that may be shown of some outcomes: all where they are complete, else those of the first redraw. */
  shared(evidence, outcomes) {
    if (outcomes.every((outcome) => outcome.complete)) return Int32Array.from({ length: this.sizes[evidence] }, (_, member) => member)
    return this.orders[evidence].first
  }
}
