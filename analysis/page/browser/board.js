// The targets of the plan: how likely each is reached in time, for the main ones at large and for all in a table.
import { element } from "./dom.js"
import { digits } from "./numbers.js"

/** A number of a target, in the plan's unit, in the one that is shown in a language. */
export const shownOf = (target, value, language) => value / target.size[language]

function written(target, value, language) {
  return Number(shownOf(target, value, language).toPrecision(6)).toLocaleString("en", { maximumFractionDigits: 4 })
}

/** What a target asks for, such as "2025: ≥ 78.5". */
export function wanted(target, signs, language) {
  return `${target.year}${language === "zh" ? "年：" : ": "}${signs[target.comparison]} ${written(target, target.threshold, language)}`
}

function bar(judged, other) {
  const full = element("span", { class: "full" })
  full.style.width = `${(100 * judged.reached) / judged.members}%`
  const mark = element("span", { class: "mark" })
  if (other) mark.style.left = `${(100 * other.reached) / other.members}%`
  return element("span", { class: "bar", "aria-hidden": "true" }, full, other ? mark : null)
}

function medianInWords(target, judged, language) {
  const spread = Math.abs(shownOf(target, judged.median, language))
  const [low, middle, high] = [judged.low, judged.median, judged.high].map((value) => digits(shownOf(target, value, language), spread))
  return language === "zh" ? `${middle}（${low}—${high}）` : `${middle} (${low}–${high})`
}

export class Board {
  /** @param {any} page */
  constructor(page) {
    this.page = page
    this.cards = element("ul", { class: "cards" })
    this.body = element("tbody")
    this.heads = ["target", "wanted", "median"].map((word) => element("th", { scope: "col", text: page.say(word) }))
    this.mine = element("th", { scope: "col", colspan: "2" })
    this.theirs = element("th", { scope: "col" })
    this.table = element("table", { class: "board" }, element("caption", { class: "aside", text: page.say("board") }), element("thead", {}, element("tr", {}, ...this.heads, this.mine, this.theirs)), this.body)
  }

  /** The unit behind a number of a target. */
  unitOf(target) {
    const { language } = this.page
    return target.unit[language] ? `${language === "zh" ? "" : " "}${target.unit[language]}` : ""
  }

  /** @param {Map<string, any>} mine @param {Map<string, any>} theirs By target. */
  show(mine, theirs, mineTitle, theirTitle) {
    const { page } = this
    const { language, known, say } = page
    const accepted = (target) => (target.tolerance ? say("accepted", { accepted: `${written(target, target.limit, language)}${this.unitOf(target)}` }) : "")
    const rows = known.targets.map((target) => ({ target, own: mine.get(target.id), other: theirs.get(target.id) }))
    const members = rows[0].own.members
    this.mine.textContent = `${mineTitle} (n = ${members})`
    this.theirs.textContent = theirTitle
    this.cards.replaceChildren(
      ...rows
        .filter(({ target }) => target.headline)
        .map(({ target, own, other }) =>
          element(
            "li",
            { "data-target": target.id },
            element("b", { text: target.title[language] }),
            element("span", { class: "wanted", text: `${wanted(target, known.signs, language)}${this.unitOf(target)}${accepted(target)}` }),
            element("span", { class: "large", "data-reached": String(own.reached), "data-members": String(own.members), text: own.odds }),
            bar(own, other),
            element("span", { class: "small", text: `${theirTitle} ${other.odds}` }),
            element("span", { class: "small", text: `${medianInWords(target, own, language)}${this.unitOf(target)}` }),
          ),
        ),
    )
    this.body.replaceChildren(
      ...rows.map(({ target, own, other }) =>
        element(
          "tr",
          { "data-target": target.id },
          element("th", { scope: "row", title: target.definition[language] }, target.title[language], ...(target.section ? [" ", element("i", { text: `${say("section")} ${target.section}` })] : [])),
          element("td", { text: `${wanted(target, known.signs, language)}${this.unitOf(target)}${accepted(target)}` }),
          element("td", { text: `${medianInWords(target, own, language)}${this.unitOf(target)}` }),
          element("td", { class: "bars" }, bar(own, other)),
          element("td", { class: "number", text: own.odds }),
          element("td", { class: "number", text: other.odds }),
        ),
      ),
    )
  }
}
