// Up to five scenarios side by side: a chart of each on one scale, and one table.
import { Fan, sharedRange } from "./charts.js"
import { element } from "./dom.js"
import { digits } from "./numbers.js"
import { MOST_COMPARED } from "./state.js"

export class Side {
  /** @param {any} page */
  constructor(page) {
    this.page = page
    const { say } = page
    this.picks = element("div", { class: "picks" })
    this.limit = element("p", { class: "hint", role: "status" })
    this.charts = element("div", { class: "sides" })
    this.head = element("tr")
    this.body = element("tbody")
    this.title = element("h3")
    const table = element("table", { class: "sides-table" }, element("caption", { class: "aside", text: say("side by side") }), element("thead", {}, this.head), this.body)
    this.root = element("div", {}, element("details", { class: "chooser" }, element("summary", { text: say("choose scenarios", { most: MOST_COMPARED }) }), this.picks, this.limit), this.title, this.charts, element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": say("side by side") }, table))
    this.fans = new Map()
  }

  /** Offer what can be compared. */
  offer() {
    const { page } = this
    const { state } = page
    const full = state.compared.length >= MOST_COMPARED
    this.limit.textContent = full ? page.say("five at most", { most: MOST_COMPARED }) : ""
    this.picks.replaceChildren(
      ...page.comparable().map(([name, title], place) => {
        const checked = state.compared.includes(name)
        const box = element("input", {
          type: "checkbox",
          id: `compared-${place}`,
          checked,
          disabled: !checked && full,
          onchange: () => {
            const own = box.checked ? [...page.state.compared, name] : page.state.compared.filter((other) => other !== name)
            page.choose({ compared: own }, true)
            this.picks.querySelector(`#compared-${place}`)?.focus()
          },
        })
        return element("label", { class: "check", for: `compared-${place}` }, box, title)
      }),
    )
  }

  /** @param {{name: string, title: string, outcome: any}[]} columns @param {Int32Array} members */
  show(columns, members) {
    const { page } = this
    const { known, language } = page
    const indicator = page.indicator
    const size = indicator.size[language]
    this.title.textContent = `${indicator.title[language]}${indicator.unit[language] ? ` (${indicator.unit[language]})` : ""}`
    const bands = columns.map(({ outcome }) => outcome.bands(indicator.variable, size, members))
    const stars = page.starsOf(indicator)
    const range = sharedRange(bands, stars.map((star) => star.height))
    for (const [name, { fan }] of this.fans) {
      if (!columns.some((column) => column.name === name)) {
        fan.remove()
        this.fans.delete(name)
      }
    }
    const figures = columns.map(({ name, title }, place) => {
      if (!this.fans.has(name)) {
        const own = { title, bands: bands[place], caption: element("figcaption") }
        own.fan = new Fan(page.years, { height: 170, small: true, title: () => `${own.title}: ${page.indicator.title[language]}`, words: (at) => page.reading(own.bands, at) })
        own.root = element("figure", {}, own.caption, own.fan.root)
        this.fans.set(name, own)
      }
      const own = this.fans.get(name)
      Object.assign(own, { title, bands: bands[place] })
      own.caption.textContent = title
      return own
    })
    const roots = figures.map(({ root }) => root)
    if (roots.length !== this.charts.children.length || roots.some((root, place) => this.charts.children[place] !== root)) this.charts.replaceChildren(...roots)
    figures.forEach((own, place) => own.fan.show({ page: bands[place] }, stars, range))
    this.table(columns, members, bands, known, language)
  }

  table(columns, members, bands, known, language) {
    const { say, years, indicator } = this.page
    this.head.replaceChildren(element("th", { scope: "col", text: say("target") }), ...columns.map(({ title }) => element("th", { scope: "col", text: title })))
    const unit = indicator.unit[language]
    const courses = [2025, 2030, 2035].map((year) => {
      const at = years.indexOf(year)
      return element("tr", { class: "course" }, element("th", { scope: "row", text: `${indicator.title[language]}, ${year}${unit ? ` (${unit})` : ""}` }), ...bands.map((rows) => element("td", { class: "number" }, element("b", { text: digits(rows[2][at]) }), element("span", { class: "small", text: ` ${digits(rows[0][at], rows[2][at])}–${digits(rows[4][at], rows[2][at])}` }))))
    })
    const odds = known.targets.map((target) =>
      element(
        "tr",
        { "data-target": target.id },
        element("th", { scope: "row", text: `${target.title[language]}, ${target.year}` }),
        ...columns.map(({ outcome }) => {
          const judged = outcome.judged(target, years, members)
          const cell = element("td", { class: "number odds", text: judged.odds })
          const share = judged.reached / judged.members
          cell.style.background = `rgba(0, 114, 178, ${(0.28 * share).toFixed(3)})`
          return cell
        }),
      ),
    )
    this.body.replaceChildren(...courses, ...odds)
  }

  remove() {
    for (const { fan } of this.fans.values()) fan.remove()
  }
}
