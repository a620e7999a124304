// The twelve districts: a small chart of each, and a map of tiles that lie as the districts do.
import { Fan } from "./charts.js"
import { choice, drawn, element, segments } from "./dom.js"
import { digits } from "./numbers.js"
import { YEARS } from "./state.js"

const [TILE, GAP] = [100, 5]

export class Districts {
  /** @param {any} page */
  constructor(page) {
    this.page = page
    const { known, language, say, state } = page
    this.mapYear = 2035
    this.fans = known.districts.map((district) => this.small(district))
    this.map = drawn("svg", { class: "tiles", role: "img" })
    this.legend = element("ul", { class: "classes" })
    this.note = element("p", { class: "hint" })
    const options = known.small.map((one) => [one.variable, one.title[language]])
    this.root = element(
      "div",
      {},
      choice("district-variable", say("variable"), options, state.district, (name) => page.choose({ district: name })),
      this.note,
      element(
        "div",
        { class: "districts" },
        element("div", { class: "map" }, segments(say("map year"), [2020, ...YEARS].map((year) => [year, String(year)]), this.mapYear, (year) => this.turn(year)), this.map, this.legend),
        element("div", { class: "smalls" }, ...this.fans.map(({ root }) => root)),
      ),
    )
  }

  small(district) {
    const { page } = this
    const title = page.elementTitle(district)
    const end = element("span", { class: "end" })
    const state = { district, end, page: null }
    const fan = new Fan(page.years, { height: 118, small: true, title: () => `${title}: ${this.indicator.title[page.language]}`, words: (place) => this.words(state, place) })
    state.fan = fan
    state.root = element("figure", { "data-district": district }, element("figcaption", {}, element("b", { text: title }), " ", end), fan.root)
    return state
  }

  get indicator() {
    return this.page.known.small.find((one) => one.variable === this.page.state.district)
  }

  words(state, place) {
    if (!state.page) return ""
    const [low, , middle, , high] = state.page.map((row) => row[place])
    const { page } = this
    return page.say("reading", { year: page.years[place], median: digits(middle), low: digits(low, middle), high: digits(high, middle), unit: this.indicator.unit[page.language] })
  }

  turn(year) {
    this.mapYear = year
    this.tiles()
  }

  /** @param {any} own @param {any} base Outcomes. @param {Int32Array} members */
  show(own, base, members) {
    const { language } = this.page
    const { variable, size, unit, title } = this.indicator
    this.note.textContent = `${title[language]}${unit[language] ? ` · ${unit[language]}` : ""} · ${this.page.say("small charts")}`
    this.fans.forEach((state, place) => {
      state.page = own.bands(variable, size[language], members, place)
      const other = base.bands(variable, size[language], members, place)
      state.fan.show({ page: state.page, baseline: other })
      const last = this.page.years.length - 1
      const [end, gain] = [state.page[2][last], state.page[2][last] - other[2][last]]
      const gained = digits(Math.abs(gain), Math.abs(end))
      // A gain that rounds to nothing is not written.
      state.end.textContent = digits(end) + (/[1-9]/.test(gained) ? ` (${gain > 0 ? "+" : "−"}${gained})` : "")
    })
    this.tiles()
  }

  tiles() {
    if (!this.fans[0].page) return
    const { known, language, say } = this.page
    const place = this.page.years.indexOf(this.mapYear)
    const values = this.fans.map(({ page }) => page[2][place])
    const breaks = known.map.breaks[this.indicator.variable]?.[language] ?? spreadBreaks(this.fans.flatMap(({ page }) => Array.from(page[2])))
    const decimals = Math.max(...values) >= 1000 ? 0 : Math.max(...values) >= 1 ? 1 : 3
    const parts = known.districts.map((district, at) => {
      const [column, row] = known.tiles[district]
      // By what is printed, so that a number and its colour never disagree.
      const text = values[at].toFixed(decimals)
      const kind = breaks.filter((limit) => Number(text) >= limit).length
      const ink = kind >= known.map.dark ? "#ffffff" : "#1a1a1a"
      const [x, y] = [column * (TILE + GAP), row * (TILE + GAP)]
      const name = this.page.elementTitle(district).replace(/（.*）/, "").replace(/ and .*/, "")
      return drawn(
        "g",
        {},
        drawn("rect", { x, y, width: TILE, height: TILE, rx: 6, fill: known.map.colours[kind], stroke: "#8a8f98" }),
        drawn("text", { x: x + TILE / 2, y: y + 42, "text-anchor": "middle", fill: ink, "font-size": name.length > 8 ? 14 : 19, text: name }),
        drawn("text", { x: x + TILE / 2, y: y + 72, "text-anchor": "middle", fill: ink, "font-size": 23, text }),
      )
    })
    const [columns, rows] = [0, 1].map((side) => Math.max(...Object.values(known.tiles).map((tile) => tile[side])) + 1)
    this.map.setAttribute("viewBox", `-2 -2 ${columns * (TILE + GAP)} ${rows * (TILE + GAP)}`)
    const told = known.districts.map((district, at) => `${this.page.elementTitle(district)} ${digits(values[at])}`).join("; ")
    this.map.setAttribute("aria-label", `${this.indicator.title[language]}, ${this.mapYear}: ${told}`)
    this.map.replaceChildren(...parts)
    const limits = breaks.map((limit) => limit.toLocaleString("en", { maximumFractionDigits: 4 }))
    this.legend.replaceChildren(
      ...[`< ${limits[0]}`, ...limits.slice(1).map((limit, at) => `${limits[at]}–${limit}`), `≥ ${limits[limits.length - 1]}`].map((text, kind) => {
        const patch = element("span", { class: "patch" })
        patch.style.background = known.map.colours[kind]
        return element("li", {}, patch, text)
      }),
    )
    this.legend.setAttribute("aria-label", say("map classes"))
  }

  remove() {
    for (const { fan } of this.fans) fan.remove()
  }
}

/** Round limits of seven classes from the least to the most. @param {number[]} values */
function spreadBreaks(values) {
  const [low, high] = [Math.min(...values), Math.max(...values)]
  const step = (high - low) / 7 || 1
  const power = 10 ** Math.floor(Math.log10(step))
  const round = [1, 2, 2.5, 5, 10].find((factor) => factor * power >= step) * power
  const first = Math.floor(low / round) * round + round
  return Array.from({ length: 6 }, (_, place) => Number((first + place * round).toPrecision(6)))
}
