// Charts of uPlot: fans of one indicator, and small ones side by side. Each can be read by keys and aloud.
/* global uPlot */
import { element } from "./dom.js"
import { digits } from "./numbers.js"

export const COLOURS = { page: "#0072b2", baseline: "#1a1a1a", against: "#b35c00" }
const DASHES = { page: [], baseline: [7, 5], against: [10, 4, 2, 4] }
const STAR = "#f0e442"
const FONT = '12px "Page Sans", sans-serif'
const GRID = "#e3e6ea"
const TICKS = [2020, 2025, 2030, 2035]
/** For each role, what is drawn: five rows of quantiles for the page, the median and the ends for the others. */
const ROWS = { page: [0, 1, 2, 3, 4], against: [0, 2, 4], baseline: [0, 2, 4] }

function scaleOf(rows, stars, spare) {
  let [low, high] = [Infinity, -Infinity]
  for (const row of rows) {
    for (const value of row) {
      if (value !== null && Number.isFinite(value)) {
        low = Math.min(low, value)
        high = Math.max(high, value)
      }
    }
  }
  for (const star of stars) {
    low = Math.min(low, star)
    high = Math.max(high, star)
  }
  if (!Number.isFinite(low)) return [0, 1]
  // A tenth of the level at least, so that a level line looks level.
  const span = Math.max(high - low, spare * Math.abs(high), 1e-9)
  const middle = (low + high) / 2
  return [middle - 0.55 * span, middle + 0.55 * span]
}

export class Fan {
  /**
   * @param {number[]} years
   * @param {{height: number, small?: boolean, words: (place: number) => string, title: () => string}} look
   */
  constructor(years, look) {
    this.years = years
    this.look = look
    this.range = [0, 1]
    this.stars = []
    this.holder = element("div", { class: "plot" })
    this.readout = element("output", { class: "readout", "aria-live": "off" })
    this.root = element("div", { class: look.small ? "fan small" : "fan" }, this.holder, look.small ? null : this.readout)
    this.place = years.length - 1
    this.series = []
    for (const role of ["page", "against", "baseline"]) for (const row of ROWS[role]) this.series.push([role, row])
    this.readable()
    this.observer = new ResizeObserver(() => this.fit())
    this.observer.observe(this.holder)
  }

  /** Let keys go from year to year, and a screen reader say what is there. */
  readable() {
    const { holder } = this
    holder.tabIndex = 0
    for (const [name, value] of Object.entries({ role: "slider", "aria-valuemin": this.years[0], "aria-valuemax": this.years[this.years.length - 1] })) holder.setAttribute(name, value)
    holder.addEventListener("keydown", (event) => {
      const last = this.years.length - 1
      const step = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, Home: -last, End: last, PageUp: 5, PageDown: -5 }[event.key]
      if (step === undefined) return
      event.preventDefault()
      this.point(Math.min(last, Math.max(0, this.place + step)), true)
    })
  }

  point(place, byKey = false) {
    this.place = place
    const words = this.look.words(place)
    this.holder.setAttribute("aria-valuenow", String(this.years[place]))
    this.holder.setAttribute("aria-valuetext", words)
    this.readout.textContent = words
    if (byKey && this.plot) this.plot.setCursor({ left: this.plot.valToPos(this.years[place], "x"), top: this.plot.bbox.height / 2 / devicePixelRatio }, false)
  }

  fit() {
    const width = Math.floor(this.holder.clientWidth)
    if (width < 40) return
    if (!this.plot) this.make(width)
    else if (this.plot.width !== width) this.plot.setSize({ width, height: this.look.height })
  }

  make(width) {
    const small = this.look.small ?? false
    const axis = { font: FONT, stroke: "#333", grid: { stroke: GRID, width: 1 }, ticks: { stroke: GRID, size: 4 } }
    const lines = this.series.map(([role, row]) => {
      const main = row === 2
      if (role === "page") return { stroke: main ? COLOURS.page : undefined, width: main ? (small ? 2 : 3) : 0, points: { show: false } }
      return { stroke: main ? COLOURS[role] : `${COLOURS[role]}99`, width: main ? (small ? 1.5 : 2) : 1, dash: main ? DASHES[role] : [2, 3], points: { show: false } }
    })
    this.plot = new uPlot(
      {
        width,
        height: this.look.height,
        pxAlign: 0,
        legend: { show: false },
        cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
        scales: { x: { time: false, range: () => [this.years[0] - 0.3, this.years[this.years.length - 1] + 0.3] }, y: { range: () => this.range } },
        axes: [
          { ...axis, size: small ? 22 : 28, splits: () => (small ? [TICKS[0], TICKS[3]] : TICKS), values: (_, at) => at.map(String), grid: { show: !small } },
          { ...axis, size: (self, values) => 14 + 7 * Math.max(...(values ?? ["0"]).map((text) => text.length)), space: small ? 34 : 46, values: (_, at) => at.map((value) => axisNumber(value, at)) },
        ],
        series: [{}, ...lines],
        bands: [
          { series: [5, 1], fill: "rgba(0, 114, 178, 0.16)" },
          { series: [4, 2], fill: "rgba(0, 114, 178, 0.26)" },
        ],
        hooks: {
          draw: [(self) => this.drawStars(self)],
          setCursor: [
            (self) => {
              if (self.cursor.idx !== null && self.cursor.idx !== undefined) this.point(self.cursor.idx)
            },
          ],
        },
      },
      this.data ?? [this.years, ...this.series.map(() => this.years.map(() => null))],
      this.holder,
    )
  }

  drawStars(self) {
    const context = self.ctx
    for (const { year, height } of this.stars) {
      const [x, y] = [self.valToPos(year, "x", true), self.valToPos(height, "y", true)]
      const size = (this.look.small ? 6 : 9) * devicePixelRatio
      context.save()
      context.beginPath()
      for (let point = 0; point < 10; point += 1) {
        const radius = point % 2 ? size * 0.42 : size
        const angle = (Math.PI * point) / 5 - Math.PI / 2
        context.lineTo(x + radius * Math.cos(angle), y + radius * Math.sin(angle))
      }
      context.closePath()
      context.fillStyle = STAR
      context.strokeStyle = "#1a1a1a"
      context.lineWidth = devicePixelRatio
      context.fill()
      context.stroke()
      context.restore()
    }
  }

  /**
   * Draw bands by role; a role that is absent is not drawn.
   * @param {Record<string, Float64Array[]>} bands @param {{year: number, height: number}[]} stars @param {[number, number] | null} range
   */
  show(bands, stars = [], range = null) {
    this.stars = stars
    const rows = this.series.map(([role, row]) => (bands[role] ? Array.from(bands[role][row]) : this.years.map(() => null)))
    this.range = range ?? scaleOf(rows, stars.map((star) => star.height), 0.02)
    this.data = [this.years, ...rows]
    this.holder.setAttribute("aria-label", this.look.title())
    this.fit()
    this.plot?.setData(this.data)
    this.point(this.place)
  }

  /** The chart as it stands, for a picture. */
  get canvas() {
    return this.plot?.ctx.canvas ?? null
  }

  remove() {
    this.observer.disconnect()
    this.plot?.destroy()
  }
}

/** The range that holds the bands of several charts. @param {Float64Array[][]} all */
export function sharedRange(all, stars = []) {
  return scaleOf(all.flat(), stars, 0.02)
}

function axisNumber(value, all) {
  const step = all.length > 1 ? Math.abs(all[1] - all[0]) : Math.abs(value)
  const decimals = step >= 1 || step === 0 ? 0 : Math.min(4, Math.ceil(-Math.log10(step) - 1e-9))
  return value.toLocaleString("en", { minimumFractionDigits: decimals, maximumFractionDigits: decimals })
}

/** A number with the digits that its spread deserves. */
export function spoken(value, spread) {
  return digits(value, spread)
}
