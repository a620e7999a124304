// What changed, and why: each changed lever's part in a difference, from a few members and all or some orders.
import { element, segments } from "./dom.js"
import { digits } from "./numbers.js"
import { BLOCK } from "./pool.js"
import { coalition, contributions, differing, neededMasks, spreadOf } from "./shapley.js"
import { YEARS } from "./state.js"

/** Traces kept. */
const KEPT = 6

export class Why {
  /** @param {any} page */
  constructor(page) {
    this.page = page
    this.kept = new Map()
    this.owner = {}
    this.words = element("p", { class: "hint", role: "status" })
    this.bars = element("ol", { class: "parts" })
    this.near = false
    this.waiting = null
    this.root = element("div", {}, segments(page.say("year"), YEARS.map((year) => [year, String(year)]), page.state.year, (year) => page.choose({ year })), this.words, this.bars)
  }

  /** Begin only once a reader comes near: it takes thousands of runs. */
  watch() {
    this.observer = new IntersectionObserver(
      (entries) => {
        this.near = entries[entries.length - 1].isIntersecting
        if (this.near) this.begin()
      },
      { rootMargin: "400px" },
    )
    this.observer.observe(this.root)
  }

  /** Begin what waits for a reader. */
  begin() {
    const begun = this.waiting
    this.waiting = null
    if (begun) begun()
  }

  /** Forget what is being traced. */
  stop() {
    this.waiting = null
    this.page.pool.drop(this.owner)
  }

  /** Say that a difference is being traced. */
  wait() {
    this.words.textContent = this.page.say("tracing")
    this.bars.classList.add("old")
  }

  /** @param {any[]} first @param {any[]} second Changes. @param {string} title Of the first. */
  trace(first, second, title) {
    this.stop()
    const { page } = this
    const { state } = page
    const levers = differing(first, second)
    this.question = { title, levers }
    this.result = null
    this.found = undefined
    if (!levers.length) {
      this.show(null)
      return
    }
    const key = JSON.stringify([state.evidence, first, second])
    if (this.kept.has(key)) {
      this.show(this.kept.get(key))
      return
    }
    this.wait()
    this.waiting = () => this.run(key, first, second, levers)
    if (this.near) this.begin()
  }

  /** Run the coalitions that a trace needs. */
  run(key, first, second, levers) {
    const { known, state, pool } = this.page
    const orders = levers.length <= known.exact_up_to ? null : known.orders[levers.length]
    const masks = neededMasks(levers.length, orders)
    const members = Int32Array.from({ length: Math.min(known.traced, known.evidence[state.evidence]) }, (_, member) => member)
    const outputs = known.indicators.map((one) => one.variable)
    const worth = new Map()
    const owner = {}
    this.owner = owner
    let open = masks.length
    for (const mask of masks) {
      pool.ask({
        rank: 5,
        owner,
        task: { evidence: state.evidence, changes: coalition(first, second, levers, mask), members: members.slice(0, BLOCK), outputs, labels: YEARS },
        done: (answer) => {
          worth.set(mask, answer.values)
          open -= 1
          if (open) return
          const found = { worth, orders, members: members.length }
          this.kept.set(key, found)
          if (this.kept.size > KEPT) this.kept.delete(this.kept.keys().next().value)
          this.show(found)
        },
        failed: (error) => {
          this.words.textContent = this.page.say("cannot run", { message: error.message })
        },
      })
    }
  }

  again(found = this.found) {
    if (found !== undefined) this.show(found)
  }

  show(found) {
    this.found = found
    const { page } = this
    const { known, language, state, say } = page
    const { title, levers } = this.question
    this.bars.classList.remove("old")
    if (found === null) {
      this.result = null
      this.words.textContent = say("nothing changed", { title })
      this.bars.replaceChildren()
      return
    }
    const { indicator } = page
    const size = indicator.size[language]
    // Percentages differ by points.
    const unit = ["%", "percent"].includes(indicator.unit[language]) ? say("points") : indicator.unit[language]
    const row = known.indicators.findIndex((one) => one.variable === indicator.variable)
    const [place, width] = [row * YEARS.length + YEARS.indexOf(state.year), known.indicators.length * YEARS.length]
    const own = new Map([...found.worth].map(([mask, values]) => [mask, Float64Array.from({ length: found.members }, (_, member) => values[member * width + place] / size)]))
    const { parts, error } = contributions(own, levers.length, found.orders)
    const rows = parts.map((values, lever) => ({ constant: levers[lever], ...spreadOf(values) })).sort((a, b) => Math.abs(b.mean) - Math.abs(a.mean))
    this.result = { rows, unit, title }
    const total = rows.reduce((sum, one) => sum + one.mean, 0)
    const how = found.orders ? say("sampled", { orders: found.orders.length, error: digits(Math.max(error, 0.001)) }) : say("exact")
    this.words.textContent = say("traced", { indicator: indicator.title[language], year: state.year, title, total: `${total >= 0 ? "+" : "−"}${Math.abs(total).toFixed(2)}`, unit, members: found.members, how })
    const most = Math.max(...rows.flatMap((one) => [Math.abs(one.low), Math.abs(one.high), Math.abs(one.mean)]), 1e-12)
    this.bars.replaceChildren(...rows.map((one) => this.bar(one, most, unit)))
    this.page.guide.answer()
  }

  bar(one, most, unit) {
    const at = (value) => 50 + (48 * value) / most
    const bar = element("span", { class: one.mean >= 0 ? "part up" : "part down" })
    const [from, to] = [Math.min(at(0), at(one.mean)), Math.max(at(0), at(one.mean))]
    bar.style.left = `${from}%`
    bar.style.width = `${to - from}%`
    const whisker = element("span", { class: "whisker" })
    whisker.style.left = `${at(one.low)}%`
    whisker.style.width = `${at(one.high) - at(one.low)}%`
    const spread = Math.abs(one.mean)
    const text = `${one.mean >= 0 ? "+" : "−"}${digits(Math.abs(one.mean), spread)}`
    return element(
      "li",
      { title: `${digits(one.low, spread)} – ${digits(one.high, spread)} ${unit}` },
      element("span", { class: "lever", text: this.page.constantTitle(one.constant) }),
      element("span", { class: "track", "aria-hidden": "true" }, bar, whisker),
      element("span", { class: "number", text }),
    )
  }
}
