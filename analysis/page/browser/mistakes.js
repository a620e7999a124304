// Mistakes in both languages, out of the catalogue that the desk's messages are translated with.

const GAP = /\{(\w+)\}/g
const QUOTED = /'([^']*)'|"([^"]*)"/g
const LISTED = /^'[^']*'(?:, '[^']*')*(?:,? (?:and|or) '[^']*')?$/
const ITEMS = /^[\w.' -]+(?:, [\w.' -]+)+$/
/** What a message may take of a screen. */
const LINES = 20
const LENGTH = 180

/** @typedef {{en: string, zh: string}} Told */

export class Catalogue {
  /** @param {Record<string, string>} rules Chinese by English. */
  constructor(rules) {
    this.rules = rules
  }

  /**
   * A sentence of the catalogue with its gaps filled.
   * @param {string} sentence @param {Record<string, any>} [gaps]
   * @returns {Told}
   */
  told(sentence, gaps = {}) {
    const english = sentence.replace(GAP, (_, name) => textOf(gaps[name], "en"))
    const chinese = this.rules[sentence]
    const filled = (chinese ?? sentence).replace(GAP, (_, name) => this.inChinese(textOf(gaps[name], "zh"), gaps[name]))
    return { en: english, zh: filled }
  }

  /** What stands in a gap: names in Chinese quotation marks, lists as Chinese writes them. */
  inChinese(text, given) {
    if (text in this.rules) return this.rules[text]
    if (given !== null && typeof given === "object") return text
    let value = text
    if (LISTED.test(value)) value = value.replace(/,? and (?=')/g, "和").replace(/,? or (?=')/g, "或")
    value = value.replace(/,$/, "").replace(/(?<=\d) or (?=\d)/g, "或")
    if (ITEMS.test(value)) value = value.replaceAll(", ", "、")
    return value.replace(QUOTED, (_, one, two) => `“${one ?? two}”`)
  }

  /** Sentences one behind the other. @param {Told[]} parts @returns {Told} */
  joined(parts) {
    const some = parts.filter((part) => part && part.en)
    return { en: some.map((part) => part.en).join(" "), zh: some.map((part) => part.zh).join("") }
  }
}

function textOf(value, language) {
  return value !== null && typeof value === "object" && "en" in value ? value[language] : String(value)
}

/** @param {Told} head @param {Told} rest @returns {Told} */
export function headed(head, rest) {
  return { en: head.en + rest.en, zh: head.zh + rest.zh }
}

function shortened(text, most) {
  if (text.length <= most) return text
  const end = text.lastIndexOf(" ", most - 3)
  return `${text.slice(0, end > Math.floor(most / 2) ? end : most - 4)} ...`
}

/** The mistakes in one file, in the order of its lines, each once. */
export class Mistakes {
  /** @param {Catalogue} catalogue @param {(where: any[]) => number | null} lineOf */
  constructor(catalogue, lineOf) {
    this.catalogue = catalogue
    this.lineOf = lineOf
    this.found = new Map()
    this.guesses = 0
  }

  get count() {
    return this.found.size
  }

  /** @param {any[]} where @param {Told} told */
  add(where, told) {
    const line = where.length ? this.lineOf(where) : null
    const placed = line ? headed(this.catalogue.told("line {line}: ", { line }), told) : told
    if (!this.found.has(placed.en)) this.found.set(placed.en, { ...placed, order: line ?? 0 })
  }

  /** @returns {Told[]} */
  listed() {
    return [...this.found.values()].sort((a, b) => a.order - b.order)
  }
}

/** The message that refuses a file. @param {Catalogue} catalogue @param {string} name @param {Told[]} mistakes @returns {Told} */
export function refusal(catalogue, name, mistakes) {
  const head = catalogue.told("{file} cannot be run:", { file: name.slice(0, 80) })
  const some = mistakes.slice(0, LINES - 2)
  const lines = { en: [head.en], zh: [head.zh] }
  for (const one of some) {
    for (const language of ["en", "zh"]) lines[language].push(` * ${shortened(one[language].split(/\s+/).join(" ").trim(), LENGTH)}`)
  }
  const rest = mistakes.length - some.length
  if (rest) {
    const more = catalogue.told("... and {count} more like these.", { count: rest.toLocaleString("en") })
    lines.en.push(`   ${more.en}`)
    lines.zh.push(`   ${more.zh}`)
  }
  return { en: lines.en.join("\n"), zh: lines.zh.join("\n") }
}
