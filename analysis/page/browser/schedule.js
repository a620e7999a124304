// The years of one lever: points that are dragged, moved by keys or typed, and the year in which it is repealed.
import { drawn, element } from "./dom.js"
import { inModelUnit, plainNumber } from "./numbers.js"
import { stepOf } from "./steps.js"

const [FIRST, LAST] = [2020, 2035]
const BOX = { width: 340, height: 158, left: 62, right: 22, top: 16, bottom: 24 }

export class ScheduleEditor {
  /** @param {any} dial @param {any} look @param {(value: any) => void} changed @param {any} known */
  constructor(dial, look, changed, known) {
    this.dial = dial
    this.look = look
    this.changed = changed
    this.size = dial.size[look.language]
    this.unit = dial.unit[look.language]
    this.usual = known.constants[dial.constant].default
    this.part = dial.elements ? dial.elements[0] : null
    this.points = []
    this.whole = undefined
    this.drawing = drawn("svg", { viewBox: `0 0 ${BOX.width} ${BOX.height}`, class: "years", role: "group", "aria-label": `${dial.title[look.language]}: ${look.say("schedule")}` })
    this.rows = element("div", { class: "points" })
    const { say } = look
    const years = Array.from({ length: LAST - FIRST }, (_, place) => FIRST + 1 + place)
    this.year = element("select", { "aria-label": say("year") }, ...years.map((year) => element("option", { value: String(year), text: String(year) })))
    this.year.value = "2030"
    const picked = dial.elements
      ? element(
          "select",
          { "aria-label": say("elements of"), onchange: (event) => this.choose(event.target.value) },
          ...dial.elements.map((part) => element("option", { value: part, text: look.elementTitle(part) })),
        )
      : null
    this.root = element(
      "div",
      { class: "schedule-editor" },
      element("h3", { text: say("schedule") }),
      element("p", { class: "hint", text: say("schedule help") }),
      picked,
      this.drawing,
      this.rows,
      element(
        "div",
        { class: "buttons" },
        this.year,
        element("button", { type: "button", text: say("add point"), onclick: () => this.add(Number(this.year.value)) }),
        element("button", { type: "button", text: say("repeal"), onclick: () => this.repeal(Number(this.year.value)) }),
      ),
    )
  }

  choose(part) {
    this.part = part
    this.show(this.whole)
  }

  get before() {
    return this.usual[this.part === null ? 0 : this.dial.elements.indexOf(this.part)]
  }

  /** Take over what a setting says, in the model's unit. */
  show(value) {
    this.whole = value
    const own = value !== undefined && typeof value === "object" && "by" in value ? value.by[this.part] : value
    this.points = own === undefined ? [[FIRST, this.before]] : typeof own === "number" ? [[FIRST, own]] : own.path.map((point) => [...point])
    this.draw()
  }

  /** Hand over the points: one is a number for good, more are a path. */
  hand() {
    this.points.sort((a, b) => a[0] - b[0])
    const value = this.points.length === 1 ? this.points[0][1] : { path: this.points.map((point) => [...point]) }
    if (this.part === null) this.changed(value)
    else {
      const whole = this.whole
      const others = whole === undefined ? {} : typeof whole === "object" && "by" in whole ? whole.by : Object.fromEntries(this.dial.elements.map((part) => [part, whole]))
      const all = { ...others, [this.part]: value }
      this.changed({ by: Object.fromEntries(this.dial.elements.filter((part) => part in all).map((part) => [part, all[part]])) })
    }
  }

  at(year) {
    const { points } = this
    if (year <= points[0][0]) return points[0][1]
    for (let place = 1; place < points.length; place += 1) {
      const [[from, low], [to, high]] = [points[place - 1], points[place]]
      if (year <= to) return low + ((high - low) * (year - from)) / (to - from)
    }
    return points[points.length - 1][1]
  }

  add(year) {
    if (this.points.some((point) => point[0] === year)) return
    this.points.push([year, this.at(year)])
    this.hand()
    this.focus(year)
  }

  /** Hold the lever until a year and take it back in the course of it: what was in 2020 is there again at its end. */
  repeal(year) {
    const kept = this.points.filter((point) => point[0] < year - 1)
    const until = year - 1
    const held = this.at(until)
    const points = kept.length || until <= FIRST ? kept : [[FIRST, this.points[0][1]]]
    if (!points.some((point) => point[0] === until)) points.push([until, held])
    this.points = [...points, [year, this.before]]
    this.hand()
  }

  focus(year) {
    this.drawing.querySelector(`[data-year="${year}"]`)?.focus()
  }

  x(year) {
    return BOX.left + ((BOX.width - BOX.left - BOX.right) * (year - FIRST)) / (LAST - FIRST)
  }

  y(value) {
    const { lowest, highest } = this.dial
    return BOX.height - BOX.bottom - ((BOX.height - BOX.top - BOX.bottom) * (value - lowest)) / (highest - lowest)
  }

  draw() {
    const focused = this.drawing.contains(document.activeElement) ? document.activeElement.getAttribute("data-year") : null
    const { lowest, highest } = this.dial
    const parts = [lowest, highest].map((value) => drawn("text", { x: BOX.left - 15, y: this.y(value) + 4, "text-anchor": "end", text: plainNumber(value / this.size) }))
    parts.push(...[2020, 2025, 2030, 2035].map((year) => drawn("text", { x: this.x(year), y: BOX.height - 5, "text-anchor": "middle", text: String(year) })))
    parts.push(...[lowest, highest].map((value) => drawn("line", { x1: BOX.left, x2: BOX.width - BOX.right, y1: this.y(value), y2: this.y(value), class: "grid" })))
    parts.push(drawn("line", { x1: BOX.left, x2: BOX.width - BOX.right, y1: this.y(this.before), y2: this.y(this.before), class: "before" }))
    const line = [[FIRST, this.at(FIRST)], ...this.points.filter(([year]) => year > FIRST && year < LAST), [LAST, this.at(LAST)]]
    parts.push(drawn("polyline", { points: line.map(([year, value]) => `${this.x(year)},${this.y(value)}`).join(" "), class: "course" }))
    this.points.forEach((point, place) => parts.push(this.handle(point, place)))
    this.drawing.replaceChildren(...parts)
    this.rows.replaceChildren(...this.points.map((point, place) => this.row(point, place)))
    if (focused !== null) this.focus(focused)
  }

  handle(point, place) {
    const { say, language } = this.look
    const [year, value] = point
    const made = drawn("circle", { cx: this.x(year), cy: this.y(value), r: 8, tabindex: 0, role: "slider", "data-year": year })
    const words = `${plainNumber(value / this.size)} ${this.unit}`
    const labels = { "aria-label": say("end of year", { year }), "aria-valuemin": this.dial.lowest / this.size, "aria-valuemax": this.dial.highest / this.size, "aria-valuenow": value / this.size, "aria-valuetext": words }
    for (const [name, text] of Object.entries(labels)) made.setAttribute(name, text)
    made.setAttribute("lang", language === "zh" ? "zh-CN" : "en")
    made.addEventListener("keydown", (event) => this.key(event, place))
    made.addEventListener("pointerdown", (event) => {
      made.setPointerCapture(event.pointerId)
      const moved = (at) => this.drag(at, place)
      made.addEventListener("pointermove", moved)
      made.addEventListener("pointerup", () => this.hand(), { once: true })
      made.addEventListener("lostpointercapture", () => made.removeEventListener("pointermove", moved), { once: true })
      event.preventDefault()
    })
    return made
  }

  drag(event, place) {
    const box = this.drawing.getBoundingClientRect()
    const across = ((event.clientX - box.left) / box.width) * BOX.width
    const down = ((event.clientY - box.top) / box.height) * BOX.height
    const year = Math.round(FIRST + ((across - BOX.left) / (BOX.width - BOX.left - BOX.right)) * (LAST - FIRST))
    const { lowest, highest } = this.dial
    const exact = lowest + ((BOX.height - BOX.bottom - down) / (BOX.height - BOX.top - BOX.bottom)) * (highest - lowest)
    this.points[place] = [this.allowedYear(year, place), this.rounded(exact)]
    const circle = this.drawing.querySelectorAll("circle")[place]
    circle.setAttribute("cx", this.x(this.points[place][0]))
    circle.setAttribute("cy", this.y(this.points[place][1]))
    const line = [[FIRST, this.at(FIRST)], ...this.points, [LAST, this.at(LAST)]]
    this.drawing.querySelector("polyline").setAttribute("points", line.map(([at, value]) => `${this.x(at)},${this.y(value)}`).join(" "))
  }

  /** Points stay in order, and the first at 2020 where there are more. */
  allowedYear(year, place) {
    if (place === 0) return this.points[0][0]
    const after = this.points[place + 1]?.[0] ?? LAST + 1
    return Math.min(Math.max(year, this.points[place - 1][0] + 1), after - 1, LAST)
  }

  rounded(value) {
    const { lowest, highest } = this.dial
    const step = stepOf((highest - lowest) / this.size) * this.size
    return Number(Math.min(highest, Math.max(lowest, Math.round(value / step) * step)).toPrecision(10))
  }

  key(event, place) {
    const { lowest, highest } = this.dial
    const step = stepOf((highest - lowest) / this.size) * this.size
    const [year, value] = this.points[place]
    const up = { ArrowUp: 1, ArrowDown: -1, PageUp: 10, PageDown: -10 }[event.key]
    const across = { ArrowRight: 1, ArrowLeft: -1 }[event.key]
    if (up !== undefined) this.points[place] = [year, this.rounded(value + up * step)]
    else if (across !== undefined) this.points[place] = [this.allowedYear(year + across, place), value]
    else if (event.key === "Home" || event.key === "End") this.points[place] = [year, event.key === "Home" ? lowest : highest]
    else if (event.key === "Delete" && this.points.length > 1) this.points.splice(place, 1)
    else return
    event.preventDefault()
    const now = this.points[place]?.[0] ?? year
    this.hand()
    this.focus(now)
  }

  row(point, place) {
    const { say } = this.look
    const [year, value] = point
    const number = element("input", {
      type: "number",
      step: "any",
      value: String(Number((value / this.size).toPrecision(10))),
      "aria-label": say("end of year", { year }),
      onchange: () => {
        const given = inModelUnit(Number(number.value), this.size)
        if (number.value !== "" && Number.isFinite(given)) this.points[place][1] = Number(Math.min(this.dial.highest, Math.max(this.dial.lowest, given)).toPrecision(10))
        this.hand()
      },
    })
    const remove = element("button", {
      type: "button",
      class: "plain",
      text: "×",
      "aria-label": say("remove point", { year }),
      onclick: () => {
        this.points.splice(place, 1)
        this.hand()
      },
    })
    remove.hidden = this.points.length < 2
    return element("div", { class: "point" }, element("span", { text: String(year) }), number, element("span", { class: "unit", text: this.unit }), remove)
  }
}
