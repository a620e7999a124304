// What one reader has set: it fits into a link, and into a scenario file that `run` accepts.
import { interpolated } from "./numbers.js"
import { MOST_CHANGES } from "./rules.js"

export const PACES = [null, 2025, 2030, 2035]
export const YEARS = [2025, 2030, 2035]
/** Settings kept by name, scenarios side by side, and characters of a link that is read. */
export const MOST_KEPT = 8
export const MOST_COMPARED = 5
const MOST_LINK = 30_000
/** The name of the setting on the page, where it has not been saved under another. */
export const UNSAVED = "page"
const START_OF_RUN = 2020
const SOURCE = "assumption: set on the live page"
const KEYS = ["base", "language", "evidence", "indicator", "district", "against", "pace", "year", "changes", "saved", "compared"]

/**
 * A shipped scenario and what was changed in it; `brought` are changes that came with a file or a link: a move starts
 * from these as from what the base says.
 * @typedef {{base: string, changes: Record<string, any>, brought: Record<string, any>}} Setting
 */

/** @returns {Setting} */
export function settingOf(base, changes = {}, brought = {}) {
  return { base, changes, brought }
}

export function usualState(known) {
  return {
    language: known.language,
    evidence: known.opens_with,
    setting: settingOf("plan"),
    indicator: "target resident urbanization rate",
    district: "resident urbanization rate by district",
    against: "baseline",
    pace: null,
    year: 2025,
    kept: {},
    compared: ["plan", "baseline"],
  }
}

export class Settings {
  /** @param {any} known The page's content. */
  constructor(known) {
    this.known = known
    this.levers = new Map(known.levers.map((lever) => [lever.constant, lever]))
    this.inherited = new Map(Object.entries(known.scenarios).map(([name, one]) => [name, new Map(one.changes.map((change) => [change.constant, change.value]))]))
  }

  /** What a setting says of a constant; undefined where the model's own value stands. @param {Setting} setting */
  valueOf(setting, constant) {
    return setting.changes[constant] ?? this.inherited.get(setting.base).get(constant)
  }

  /** A setting as a list of changes, in the order in which a scenario has them. @param {Setting} setting */
  changesOf(setting) {
    const own = new Map(this.known.scenarios[setting.base].changes.map((change) => [change.constant, change]))
    for (const [constant, value] of Object.entries(setting.changes)) own.set(constant, { constant, value, policy: this.levers.has(constant) })
    return [...own.values()]
  }

  /** The baseline with a setting's assumptions, so that a comparison is one of policies only. */
  baselineFor(changes) {
    return changes.filter((change) => !change.policy)
  }

  range(constant) {
    const lever = this.levers.get(constant)
    const variable = this.known.constants[constant]
    const [low, high] = lever ? [lever.lowest, lever.highest] : [variable.low, variable.high]
    return [low ?? -Infinity, high ?? Infinity]
  }

  begun(setting, constant) {
    return setting.brought[constant] ?? this.inherited.get(setting.base).get(constant)
  }

  /**
   * A setting with one lever, or one element of it, brought to end at a number in the model's unit: a path that it
   * starts from is kept and shifted, by the whole move from the start, or by a part that grows until the year `pace`.
   */
  moved(setting, constant, element, number, pace) {
    const variable = this.known.constants[constant]
    const begun = this.begun(setting, constant)
    if (element === null) {
      const value = this.shifted(constant, begun ?? variable.default[0], number, pace)
      return this.set(setting, constant, begun !== undefined && same(value, begun) ? null : value)
    }
    const elements = variable.axes[0]
    const usual = variable.default[elements.indexOf(element)]
    const parts = (value) => (value === undefined ? {} : byElement(value, elements))
    const first = parts(begun)[element] ?? usual
    const part = this.shifted(constant, first, number, pace)
    const others = { ...parts(this.valueOf(setting, constant)) }
    delete others[element]
    const value = { by: inOrder({ ...others, [element]: part }, elements) }
    const back = begun !== undefined && same(part, first)
    if (back && !(element in parts(begun))) delete value.by[element]
    return this.set(setting, constant, begun !== undefined && same(value, { by: inOrder(parts(begun), elements) }) ? null : value)
  }

  /** A setting with a value for a constant, or with what it starts from where the value is null. */
  set(setting, constant, value) {
    const changes = { ...setting.changes }
    if (value !== null) changes[constant] = value
    else if (constant in setting.brought) changes[constant] = setting.brought[constant]
    else delete changes[constant]
    return { ...setting, changes }
  }

  shifted(constant, course, number, pace) {
    const path = typeof course === "number" ? [[START_OF_RUN, course]] : course.path
    const end = path[path.length - 1][1]
    if (Math.abs(number - end) <= 1e-9 * Math.max(Math.abs(number), Math.abs(end), 1)) return course
    if (pace === null && typeof course === "number") return number
    const known = path.map(([year]) => year)
    const years = [...new Set(pace === null ? known : [...known, START_OF_RUN, pace])].sort((a, b) => a - b)
    const [low, high] = this.range(constant)
    return {
      path: years.map((year, place) => {
        if (place === years.length - 1) return [year, number]
        const value = interpolated(year, known, path.map(([, one]) => one))
        const grown = pace === null ? 1 : Math.min(1, Math.max(0, (year - START_OF_RUN) / (pace - START_OF_RUN)))
        return [year, tenDigits(Math.min(high, Math.max(low, value + (number - end) * grown)))]
      }),
    }
  }

  /** A setting with a constant as in the scenario it starts from. */
  putBack(setting, constant) {
    const without = (known) => Object.fromEntries(Object.entries(known).filter(([name]) => name !== constant))
    return { ...setting, changes: without(setting.changes), brought: without(setting.brought) }
  }

  /** A setting as a scenario file for `run`. @param {Setting} setting */
  asYaml(setting, name) {
    const base = this.known.scenarios[setting.base].title
    const text = (value) => JSON.stringify(value)
    const lines = [
      `name: ${text(name)}`,
      `title: {zh: ${text(name)}, en: ${text(name)}}`,
      "question:",
      `  zh: ${text(`在“${base.zh}”的基础上改动所列杠杆，结果如何？`)}`,
      `  en: ${text(`What follows from these changes to ${base.en}?`)}`,
      `base: ${setting.base}`,
      Object.keys(setting.changes).length ? "changes:" : "changes: {}",
    ]
    for (const [constant, value] of Object.entries(setting.changes)) {
      const kind = typeof value === "number" ? "value" : "path" in value ? "path" : "by"
      lines.push(`  ${text(constant)}:`, `    ${kind}: ${written(value)}`, `    unit: ${text(this.known.constants[constant].unit)}`, `    source: ${text(SOURCE)}`)
    }
    return `${[...lines, "expect: []"].join("\n")}\n`
  }
}

function written(value) {
  if (typeof value === "number") return writtenNumber(value)
  if ("path" in value) return `{${value.path.map(([year, number]) => `${year}: ${writtenNumber(number)}`).join(", ")}}`
  return `{${Object.entries(value.by).map(([element, part]) => `${JSON.stringify(element)}: ${written(part)}`).join(", ")}}`
}

/** A number as YAML reads it anywhere: with a point before an exponent. @param {number} value */
function writtenNumber(value) {
  const text = String(value)
  return /e/.test(text) && !/\./.test(text) ? text.replace("e", ".0e") : text
}

function tenDigits(value) {
  return Number(value.toPrecision(10))
}

function byElement(value, elements) {
  if (typeof value === "object" && "by" in value) return value.by
  return Object.fromEntries(elements.map((element) => [element, value]))
}

function inOrder(parts, elements) {
  return Object.fromEntries(elements.filter((element) => element in parts).map((element) => [element, parts[element]]))
}

export function same(first, second) {
  return JSON.stringify(first) === JSON.stringify(second)
}

/** The value a path ends at. */
export function endOf(value) {
  return typeof value === "number" ? value : value.path[value.path.length - 1][1]
}

/** Values as a link has them: a number, {"2025": number}, or either by element. */
function asPlain(value) {
  if (typeof value === "number") return value
  if ("path" in value) return Object.fromEntries(value.path.map(([year, number]) => [String(year), number]))
  return Object.fromEntries(Object.entries(value.by).map(([element, part]) => [element, asPlain(part)]))
}

function asYamlText(base, changes, known) {
  // The rules read a file; a link's changes are written as one, so that there is one set of rules.
  const text = (value) => JSON.stringify(value)
  const inner = (value) => (value !== null && typeof value === "object" && !Array.isArray(value) ? `{${Object.entries(value).map(([key, part]) => `${/^[0-9.]+$/.test(key) ? key : text(key)}: ${inner(part)}`).join(", ")}}` : typeof value === "number" ? writtenNumber(value) : text(value))
  const kind = (value) => (value === null || typeof value !== "object" ? "value" : Object.keys(value).some((key) => !/^[0-9.]+$/.test(key)) ? "by" : "path")
  const lines = Object.entries(changes).flatMap(([constant, value]) => {
    const variable = Object.hasOwn(known.constants, constant) ? known.constants[constant] : null
    return [`  ${text(constant)}:`, `    ${kind(value)}: ${inner(value)}`, `    unit: ${text(variable?.unit ?? "")}`, `    source: ${text(SOURCE)}`]
  })
  return ["name: page", "title: {zh: page, en: page}", "question: {zh: page, en: page}", `base: ${text(base)}`, lines.length ? "changes:" : "changes: {}", ...lines, "expect: []"].join("\n")
}

/** The part of a link behind the number sign; what is as usual is left out. */
export function toHash(state, known) {
  const texts = (one) => ({
    base: one.setting.base,
    language: one.language,
    evidence: one.evidence,
    indicator: one.indicator,
    district: one.district,
    against: one.against,
    pace: String(one.pace),
    year: String(one.year),
    changes: JSON.stringify(Object.fromEntries(Object.entries(one.setting.changes).map(([name, value]) => [name, asPlain(value)]))),
    saved: JSON.stringify(Object.fromEntries(Object.entries(one.kept).map(([name, kept]) => [name, [kept.base, Object.fromEntries(Object.entries(kept.changes).map(([constant, value]) => [constant, asPlain(value)]))]]))),
    compared: JSON.stringify(one.compared),
  })
  const [own, usual] = [texts(state), texts(usualState(known))]
  return new URLSearchParams(KEYS.filter((key) => own[key] !== usual[key]).map((key) => [key, own[key]])).toString()
}

/**
 * What a link says, and what of it could not be taken over; a setting with any mistake in it is left out as a whole.
 * @param {string} hash @param {any} known @param {import("./rules.js").Rules} rules
 */
export function fromHash(hash, known, rules) {
  const state = usualState(known)
  const problems = []
  const own = (word, gaps = {}) => Object.fromEntries(["zh", "en"].map((language) => [language, known.words[word][language].replace(/\{(\w+)\}/g, (_, name) => gaps[name])]))
  const text = hash.replace(/^#/, "")
  if (!text) return { state, problems }
  if (text.length > MOST_LINK) return { state, problems: [own("link long", { length: text.length, most: MOST_LINK })] }
  const given = Object.fromEntries(new URLSearchParams(text))
  for (const key of Object.keys(given)) if (!KEYS.includes(key)) problems.push(own("link key", { key: key.slice(0, 40) }))
  if (["zh", "en"].includes(given.language)) state.language = given.language
  if (given.evidence !== undefined) {
    if (given.evidence in known.evidence) state.evidence = given.evidence
    else problems.push(own("no such evidence", { evidence: given.evidence.slice(0, 20) }))
  }
  const parsed = (part, kind) => {
    try {
      const value = JSON.parse(part)
      if (kind === "list" ? Array.isArray(value) : value !== null && typeof value === "object" && !Array.isArray(value)) return value
    } catch {
      // Said below.
    }
    problems.push(own("link damaged"))
    return null
  }
  const setting = (base, changes) => {
    if (Object.keys(changes).length > MOST_CHANGES) {
      problems.push(own("changed many", { count: Object.keys(changes).length, most: MOST_CHANGES }))
      return null
    }
    const read = rules.read(asYamlText(base, changes, known), "page.yaml")
    if (read.problem) {
      problems.push(read.problem)
      return null
    }
    return settingOf(read.base, read.changes, read.changes)
  }
  const changes = given.changes === undefined ? {} : parsed(given.changes, "table")
  if (changes !== null) state.setting = setting(given.base ?? state.setting.base, changes) ?? state.setting
  if (given.saved !== undefined) {
    const kept = parsed(given.saved, "table") ?? {}
    for (const [name, one] of Object.entries(kept).slice(0, MOST_KEPT)) {
      const sound = mayBeCalled(name, known) && Array.isArray(one) && one.length === 2 && one[1] !== null && typeof one[1] === "object"
      const read = sound ? setting(String(one[0]), one[1]) : null
      if (read) state.kept[name] = read
      else if (!sound) problems.push(own("link damaged"))
    }
  }
  const named = (name) => name === UNSAVED || name in known.scenarios || name in state.kept
  if (given.against !== undefined) {
    if (named(given.against) && given.against !== UNSAVED) state.against = given.against
    else problems.push(own("link against", { name: given.against.slice(0, 60) }))
  }
  if (given.compared !== undefined) state.compared = (parsed(given.compared, "list") ?? state.compared).filter(named).slice(0, MOST_COMPARED)
  const among = (name, options) => options.some((one) => one.variable === name)
  if (given.indicator && among(given.indicator, known.indicators)) state.indicator = given.indicator
  if (given.district && among(given.district, known.small)) state.district = given.district
  if (PACES.map(String).includes(given.pace)) state.pace = given.pace === "null" ? null : Number(given.pace)
  if (YEARS.map(String).includes(given.year)) state.year = Number(given.year)
  return { state, problems }
}

/** Whether a setting may be kept under a name. */
export function mayBeCalled(name, known) {
  return /^[A-Za-z0-9_-]{1,60}$/.test(name) && !(name in known.scenarios) && name !== UNSAVED
}
