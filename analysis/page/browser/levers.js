// Levers and assumptions as a reader moves them: a slider with a number beside it, what it means, and its schedule.
import { element } from "./dom.js"
import { inModelUnit, plainNumber } from "./numbers.js"
import { ScheduleEditor } from "./schedule.js"
import { endOf } from "./state.js"
import { stepOf } from "./steps.js"

/** The class by which a constant's controls are found. @param {string} constant */
export function cssClass(constant) {
  return `lever-${constant.toLowerCase().replaceAll(" ", "-")}`
}

export class Control {
  /**
   * @param {any} dial A lever or an assumption of the content.
   * @param {{say: Function, language: string, evidence: string, elementTitle: (name: string) => string, free: boolean}} look
   * @param {{move: Function, putBack: Function, set: Function, fix: Function}} acts
   * @param {any} known
   */
  constructor(dial, look, acts, known) {
    this.dial = dial
    this.look = look
    this.acts = acts
    this.known = known
    this.size = dial.size[look.language]
    this.unit = dial.unit[look.language]
    this.title = dial.title[look.language]
    this.rows = new Map()
    // Sliders stand on steps only.
    this.positions = new Map()
    const { say } = look
    const id = cssClass(dial.constant)
    const rows = dial.elements ? dial.elements.map((part) => this.row(part, `${id}-${part.replaceAll(" ", "-")}`)) : [this.row(null, id)]
    this.course = element("p", { class: "course" })
    this.back = element("button", { type: "button", class: "plain", text: `↺ ${say("put back")}`, "aria-label": `${say("put back")}: ${this.title}`, onclick: () => acts.putBack(dial.constant) })
    this.editor = null
    this.schedule = element("div", { class: "schedule" })
    const opened = element("details", { class: "more", ontoggle: () => opened.open && this.openSchedule() })
    opened.append(element("summary", { text: say(look.free ? "about" : "about and schedule"), "aria-label": `${this.title}: ${say(look.free ? "about" : "about and schedule")}` }))
    opened.append(element("p", { text: this.about() }))
    if (!look.free) opened.append(this.schedule)
    this.opened = opened
    this.fixed = look.free ? element("input", { type: "checkbox", id: `${id}-fixed`, onchange: () => acts.fix(dial.constant, this.fixed.checked, [...this.positions]) }) : null
    const fix = this.fixed ? element("label", { class: "check", for: `${id}-fixed` }, this.fixed, say("fix")) : null
    const inner = dial.elements ? [this.grouped(rows)] : rows
    this.root = element("div", { class: `control ${id}`, role: "group", "aria-label": this.title }, ...inner, fix, element("div", { class: "foot" }, this.course, this.back, opened))
  }

  grouped(rows) {
    const own = element("details", { class: "parts" }, element("summary", { text: `${this.title} · ${this.look.say("elements of")}` }), ...rows)
    own.open = this.look.free
    return own
  }

  about() {
    const { say, language, evidence } = this.look
    const { dial } = this
    if (dial.guidance) {
      const joint = language === "zh" ? "：" : ": "
      return `${dial.meaning[language]} ${say("guidance")}${joint}${dial.guidance[language]} [${dial.section ? `${say("section")} ${dial.section}；` : ""}${say(`decided ${dial.decided_by}`)}]`.replace("；", language === "zh" ? "；" : "; ")
    }
    const spread = dial.spread[evidence]
    const band = spread ? say("spread", { low: plainNumber(spread[0] / this.size), high: plainNumber(spread[1] / this.size) }) : ""
    return `${dial.meaning[language]} ${band}`
  }

  /** A slider with a number beside it; neither takes a value outside the bounds. */
  row(part, id) {
    const { dial, size, unit } = this
    const [low, high] = [dial.lowest / size, dial.highest / size]
    const step = stepOf(high - low)
    const title = part === null ? this.title : this.look.elementTitle(part)
    const ends = this.look.say("from to", { low: plainNumber(low), high: plainNumber(high), unit }).trim()
    const slider = element("input", { type: "range", id: `${id}-slider`, min: low, max: high, step, "aria-label": part === null ? title : `${this.title} ${title}` })
    const typed = element("input", { type: "number", id: `${id}-number`, min: low, max: high, step: "any", inputmode: "decimal", "aria-describedby": `${id}-ends` })
    slider.addEventListener("input", () => {
      typed.value = slider.value
      slider.setAttribute("aria-valuetext", `${plainNumber(Number(slider.value))} ${unit}`)
      this.acts.move(dial.constant, part, inModelUnit(Number(slider.value), size))
    })
    typed.addEventListener("change", () => {
      const value = Number(typed.value)
      const sound = typed.value !== "" && Number.isFinite(value)
      const bounded = sound ? Math.min(high, Math.max(low, value)) : this.positions.get(part) / size
      typed.value = String(bounded)
      slider.value = String(bounded)
      if (sound) this.acts.move(dial.constant, part, inModelUnit(bounded, size))
    })
    this.rows.set(part, { slider, typed })
    return element(
      "div",
      { class: "dial" },
      element("label", { for: `${id}-number` }, title, " ", element("span", { class: "ends", id: `${id}-ends`, text: ends })),
      slider,
      typed,
    )
  }

  openSchedule() {
    if (this.look.free || this.editor) return
    this.editor = new ScheduleEditor(this.dial, this.look, (value) => this.acts.set(this.dial.constant, value), this.known)
    this.schedule.replaceChildren(this.editor.root)
    this.editor.show(this.value)
  }

  /** Show what a setting says of this constant. @param {any} value @param {boolean} changed */
  show(value, changed) {
    const { say, evidence } = this.look
    this.value = value
    const usual = this.dial.usual[evidence]
    const elements = this.dial.elements ?? [null]
    elements.forEach((part, place) => {
      const own = value === undefined ? undefined : part !== null && typeof value === "object" && "by" in value ? value.by[part] : value
      const position = (own === undefined ? usual[place] : endOf(own)) / this.size
      const { slider, typed } = this.rows.get(part)
      this.positions.set(part, position * this.size)
      const shown = String(Number(position.toPrecision(10)))
      if (document.activeElement !== slider) slider.value = shown
      if (document.activeElement !== typed || Number(typed.value) !== Number(shown)) typed.value = shown
      slider.setAttribute("aria-valuetext", `${plainNumber(position)} ${this.unit}`)
    })
    this.back.hidden = !changed || this.look.free
    if (this.fixed) this.fixed.checked = value !== undefined
    this.root.classList.toggle("changed", changed)
    const where = value === undefined ? say(this.dial.varies[evidence] ? "varies" : "default course") : `${say(changed ? "own" : "from scenario")}${say("colon")}${this.inWords(value)}`
    if (this.course.textContent !== where) this.course.textContent = where
    this.editor?.show(value)
  }

  inWords(value) {
    if (typeof value === "number") return `${plainNumber(value / this.size)} ${this.unit}`.trim()
    if ("path" in value) return `${value.path.map(([year, number]) => `${year}: ${plainNumber(number / this.size)}`).join(" → ")} ${this.unit}`.trim()
    return Object.entries(value.by).map(([part, own]) => `${this.look.elementTitle(part)} ${this.inWords(own)}`).join("; ")
  }
}
