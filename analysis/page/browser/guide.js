// A guided start: three questions, each set up at one press and answered by what the members come to.
import { shownOf } from "./board.js"
import { element } from "./dom.js"
import { digits } from "./numbers.js"
import { settingOf } from "./state.js"

const QUESTIONS = {
  reach: { setting: "plan", against: "baseline", indicator: "target resident urbanization rate", year: 2025 },
  levers: { setting: "plan", against: "baseline", indicator: "target registered urbanization rate", year: 2025 },
  inflow: { setting: "weak_inflow", against: "plan", indicator: "residents", year: 2035 },
}

export class Guide {
  /** @param {any} page @param {string | null} asked */
  constructor(page, asked) {
    this.page = page
    this.asked = asked
    this.output = element("p", { class: "answer", role: "status", "data-answer": "" })
    this.buttons = Object.keys(QUESTIONS).map((name) => element("button", { type: "button", "data-question": name, "aria-pressed": "false", text: page.say(`question ${name}`), onclick: () => this.ask(name) }))
    this.root = element("div", {}, element("div", { class: "questions", role: "group", "aria-label": page.say("guide") }, ...this.buttons), this.output)
    this.press()
  }

  press() {
    for (const button of this.buttons) button.setAttribute("aria-pressed", String(button.dataset.question === this.asked))
  }

  ask(name) {
    const { setting, against, indicator, year } = QUESTIONS[name]
    this.asked = name
    this.press()
    this.output.textContent = this.page.say("loading")
    this.page.choose({ setting: settingOf(setting), against, indicator, year }, true)
  }

  /** A reader who moves on has another question. */
  leave() {
    this.asked = null
    this.press()
    this.output.textContent = ""
    this.output.dataset.answer = ""
  }

  /** Answer once there is something to answer from. */
  answer() {
    if (this.asked === null || !this.page.complete) return
    const text = { reach: () => this.reach(), levers: () => this.levers(), inflow: () => this.inflow() }[this.asked]()
    if (text === null) return
    this.output.textContent = text
    this.output.dataset.answer = this.asked
  }

  median(role, year) {
    const { page } = this
    const value = page.bandsOf(role)[2][page.years.indexOf(year)]
    return digits(value)
  }

  reach() {
    const { page } = this
    const { known, language, say } = page
    const main = known.targets.filter((target) => target.headline)
    const likely = main.filter((target) => page.standing("page", target).reached * 2 > page.standing("page", target).members)
    const one = main.find((target) => target.variable === page.indicator.variable)
    const judged = page.standing("page", one)
    return say("answer reach", { all: main.length, likely: likely.length, names: likely.map((target) => target.title[language]).join(say("comma")) || say("none"), title: one.title[language], year: one.year, threshold: shownOf(one, one.threshold, language), median: digits(shownOf(one, judged.median, language)), odds: judged.odds, base: page.standing("baseline", one).odds })
  }

  levers() {
    const { page } = this
    const result = page.why.result
    if (!result) {
      page.why.begin()
      return null
    }
    const named = result.rows.slice(0, 3).map((row) => `${page.constantTitle(row.constant)} ${row.mean >= 0 ? "+" : "−"}${digits(Math.abs(row.mean))}`)
    const total = result.rows.reduce((sum, row) => sum + row.mean, 0)
    return page.say("answer levers", { title: page.indicator.title[page.language], year: page.state.year, total: `${total >= 0 ? "+" : "−"}${digits(Math.abs(total))}`, unit: result.unit, names: named.join(page.say("comma")) })
  }

  inflow() {
    const { page } = this
    const { known, language, say } = page
    const target = known.targets.find((one) => one.headline && one.variable === "target resident urbanization rate")
    return say("answer inflow", { residents: this.median("page", 2035), plan: this.median("against", 2035), unit: page.indicator.unit[language], title: target.title[language], year: target.year, odds: page.standing("page", target).odds, before: page.standing("against", target).odds })
  }
}
