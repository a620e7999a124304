// What a reader takes away: the chart as a picture, the numbers behind it as a table.
import { COLOURS } from "./charts.js"
import { saveFile } from "./dom.js"
import { general } from "./numbers.js"
import { NAMES } from "./outcomes.js"

const FONT = '"Page Sans", "Noto Sans SC", "Microsoft YaHei", sans-serif'
const STATISTICS = { p50: "median" }

/** Lines of a text that fit a width. */
function wrapped(context, text, width) {
  const lines = [""]
  for (const word of text.split(/(?<=[\u3000-\u9fff，。；：、（）]|\s)/)) {
    const longer = lines[lines.length - 1] + word
    if (context.measureText(longer).width > width && lines[lines.length - 1]) lines.push(word.trimStart())
    else lines[lines.length - 1] = longer
  }
  return lines
}

/** Save the chart that is shown as a PNG file. @param {any} page */
export async function savePicture(page, name) {
  const chart = page.fan.canvas
  if (!chart) return
  const scale = chart.width / page.fan.plot.width
  const [edge, width] = [16 * scale, chart.width + 32 * scale]
  const drawing = document.createElement("canvas")
  const context = drawing.getContext("2d")
  const font = (size, weight = "") => `${weight} ${size * scale}px ${FONT}`
  drawing.width = width
  context.font = font(11)
  const legend = page.legendOf()
  const notes = [page.say("band"), page.status.textContent, ...page.footLines()].flatMap((text) => wrapped(context, text, width - 2 * edge))
  drawing.height = chart.height + (78 + 15 * notes.length) * scale
  context.fillStyle = "#ffffff"
  context.fillRect(0, 0, drawing.width, drawing.height)
  context.fillStyle = "#1a1a1a"
  context.font = font(17, "bold")
  const { indicator, language } = page
  const unit = indicator.unit[language]
  context.fillText(`${indicator.title[language]}${unit ? ` (${unit})` : ""}`, edge, 26 * scale)
  let at = edge
  context.font = font(13)
  for (const { role, title } of legend) {
    context.strokeStyle = COLOURS[role]
    context.lineWidth = 3 * scale
    context.setLineDash(role === "page" ? [] : [6 * scale, 4 * scale])
    context.beginPath()
    context.moveTo(at, 46 * scale)
    context.lineTo(at + 26 * scale, 46 * scale)
    context.stroke()
    context.fillText(title, at + 32 * scale, 50 * scale)
    at += 52 * scale + context.measureText(title).width
  }
  context.setLineDash([])
  context.drawImage(chart, edge, 58 * scale)
  context.font = font(11)
  context.fillStyle = "#444444"
  notes.forEach((line, place) => context.fillText(line, edge, chart.height + (74 + 15 * place) * scale))
  const content = await new Promise((resolve) => drawing.toBlob(resolve, "image/png"))
  saveFile(`${name}.png`, "image/png", content)
}

const cell = (value) => (/[",\n]/.test(String(value)) ? `"${String(value).replaceAll('"', '""')}"` : String(value))

/** The bands of every indicator that the page knows, under lines with what they rest on. @param {any} page */
export function tableOf(page) {
  const { known, years, roles } = page
  const members = page.shownMembers
  const head = Object.entries({ ...known.facts[page.state.evidence], evidence: page.state.evidence, members: members.length })
  const rows = [["role", "variable", "element", "year", ...NAMES.map((name) => STATISTICS[name] ?? name), "members"]]
  for (const { title, outcome } of roles) {
    for (const one of [...known.indicators, ...known.small]) {
      const elements = known.small.includes(one) ? known.districts : [""]
      elements.forEach((district, element) => {
        const bands = outcome.bands(one.variable, 1, members, element)
        years.forEach((year, at) => rows.push([title, one.variable, district, year, ...bands.map((row) => general(row[at])), members.length]))
      })
    }
  }
  const facts = head.map(([key, value]) => `# ${key}: ${String(value).replaceAll("\n", " ")}\n`).join("")
  return `\ufeff${facts}${rows.map((row) => row.map(cell).join(",")).join("\n")}\n`
}
