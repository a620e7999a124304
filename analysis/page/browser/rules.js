// The rules of a scenario file, as scenarios/scenario.py has them: whatever `run` refuses the page refuses, in its words.
import { Catalogue, Mistakes, headed, refusal } from "./mistakes.js"
import { closest } from "./nearest.js"
import { general } from "./numbers.js"
import { Whole, placeKey, quoted, readYaml, shownValue } from "./yaml.js"

const FIRST_YEAR = 2010
const LAST_YEAR = 2050
const START_YEAR = 2021
const MOST_YEARS = 100
const NAME_LENGTH = 60
const TITLE_LENGTH = 150
const QUESTION_LENGTH = 500
const GUESSES = 30
const LARGEST = 1e300
/** Bytes of a file that are read, and constants that one setting may change. */
export const MOST_FILE = 60_000
export const MOST_CHANGES = 40
const LIMITS = ["never above", "never below", "at least", "at most"]
const DIRECTIONS = ["above", "below"]
const SCENARIO_KEYS = ["name", "title", "question", "base", "starts", "until_then", "changes", "expect"]
const CHANGE_KEYS = ["value", "path", "by", "unit", "source", "note"]
const EXPECT_KEYS = ["variable", "element", "year", "is", ...LIMITS]

const isMapping = (value) => value instanceof Map
const isNumber = (value) => typeof value === "number" || value instanceof Whole
const plain = (value) => (value instanceof Whole ? value.valueOf() : value)
const repr = (text) => quoted(String(text))
const group = (number) => number.toLocaleString("en")

/** A name for one mistake's beginning, in both languages. */
const sameIn = (text) => ({ en: text, zh: text.replace(/'([^']*)'/g, "“$1”") })

export class Rules {
  /** @param {any} known The page's content: constants, levers, scenarios, catalogue. */
  constructor(known) {
    this.known = known
    this.catalogue = new Catalogue(known.rules)
    this.levers = new Map(known.levers.map((lever) => [lever.constant, lever]))
    this.constants = Object.keys(known.constants).filter((name) => known.constants[name].kind === "constant" && !known.constants[name].fixed)
    this.titles = this.titlesOf()
    this.shipped = Object.keys(known.scenarios)
  }

  titlesOf() {
    const owners = new Map()
    for (const constant of this.constants) {
      const own = new Set([this.known.constants[constant].term, ...Object.values(this.levers.get(constant)?.title ?? {})])
      own.delete("")
      for (const title of own) {
        const fold = title.toLowerCase()
        owners.set(fold, new Set([...(owners.get(fold) ?? []), constant]))
      }
    }
    return new Map([...owners].filter(([, names]) => names.size === 1).map(([title, names]) => [title, [...names][0]]))
  }

  told(sentence, gaps) {
    return this.catalogue.told(sentence, gaps)
  }

  /**
   * Read a scenario file: its name and setting, or why it cannot be used.
   * @param {string} text @param {string} filename
   * @returns {{name: string, base: string, changes: Record<string, any>, problem: null} | {problem: {en: string, zh: string}}}
   */
  read(text, filename) {
    const name = filename.split(/[\\/]/).pop()
    const stem = name.replace(/\.[^.]*$/, "")
    const document = readYaml(text.replace(/^\ufeff/, ""))
    const lineOf = (where) => {
      for (let length = where.length; length > 0; length -= 1) {
        const line = document.lines.get(placeKey(where.slice(0, length)))
        if (line) return line
      }
      return null
    }
    const mistakes = new Mistakes(this.catalogue, lineOf)
    for (const problem of document.problems) mistakes.add([], this.told(problem.sentence, problem.gaps))
    const reading = new Reading(this, mistakes, document.content, stem)
    const found = reading.scenario()
    if (mistakes.count) return { problem: refusal(this.catalogue, name, mistakes.listed()) }
    return { ...found, problem: null }
  }
}

/** The reading of one file. */
class Reading {
  /** @param {Rules} rules @param {Mistakes} mistakes @param {any} content @param {string} stem */
  constructor(rules, mistakes, content, stem) {
    this.rules = rules
    this.known = rules.known
    this.mistakes = mistakes
    this.content = content
    this.stem = stem
  }

  told(sentence, gaps) {
    return this.rules.told(sentence, gaps)
  }

  add(where, sentence, gaps) {
    this.mistakes.add(where, this.told(sentence, gaps))
  }

  /** A rule that only the page has, in its own words. */
  own(word, gaps) {
    const { en, zh } = this.known.words[word]
    const filled = (text) => text.replace(/\{(\w+)\}/g, (_, name) => gaps[name])
    return { en: filled(en), zh: filled(zh) }
  }

  /** "Did you mean ...?", or nothing. */
  near(name, names, titles = null) {
    this.mistakes.guesses += 1
    if (this.mistakes.guesses > GUESSES || typeof name !== "string" || name.length > TITLE_LENGTH) return null
    const folds = new Map([...names].map((one) => [one.toLowerCase(), one]))
    const called = new Map([...(titles ?? new Map()).keys()].map((title) => [title.toLowerCase(), title]))
    const given = name.toLowerCase()
    let match = closest(given, new Set([...folds.keys(), ...called.keys()]))
    if (match === null && given.length > 1) match = [...called.keys()].find((title) => title.includes(given)) ?? null
    if (match === null) return null
    if (folds.has(match)) return this.told(" Did you mean {name}?", { name: repr(folds.get(match)) })
    const title = called.get(match)
    return this.told(" Did you mean {name} ({title})?", { name: repr(titles.get(title)), title })
  }

  guess(name, names) {
    this.mistakes.guesses += 1
    if (this.mistakes.guesses > GUESSES || typeof name !== "string" || name.length > TITLE_LENGTH) return null
    const folds = new Map([...names].map((one) => [one.toLowerCase(), one]))
    const match = closest(name.toLowerCase(), folds.keys())
    return match === null ? null : folds.get(match)
  }

  /** A sentence with what may have been meant behind it. */
  hinted(where, told, hint) {
    this.mistakes.add(where, hint ? headed(told, hint) : told)
  }

  scenario() {
    const { content } = this
    if (content === null) return null
    if (!isMapping(content) || !content.size) {
      this.add([], "The file must hold keys and values, such as 'name: my_scenario'.")
      return null
    }
    const written = new Map([...content.keys()].map((key) => [key, key]))
    for (const key of content.keys()) {
      const meant = SCENARIO_KEYS.includes(key) ? null : this.guess(key, SCENARIO_KEYS)
      if (meant !== null && !content.has(meant) && !written.has(meant)) written.set(meant, key)
    }
    const part = (key) => [written.get(key) ?? key, content.get(written.get(key) ?? key)]
    const failed = this.keys(content)
    this.name(content, failed)
    const base = this.base(part("base"))
    this.start(part("starts"), part("until_then"))
    const changes = this.changes(part("changes"))
    this.expectations(part("expect"), base)
    const below = new Map((this.known.scenarios[base ?? "baseline"]?.changes ?? []).map((change) => [change.constant, change.value]))
    const merged = Object.entries(changes).map(([constant, value]) => [constant, this.merged(constant, value, below.get(constant))])
    return { name: this.stem, base: base ?? "baseline", changes: Object.fromEntries(merged) }
  }

  /** A change keeps, of the base's change of the same constant, the elements it does not name. */
  merged(constant, own, below) {
    if (below === undefined || typeof own === "number" || !("by" in own)) return own
    const whole = typeof below === "object" && "by" in below ? below.by : Object.fromEntries(this.known.constants[constant].axes[0].map((element) => [element, below]))
    return { by: { ...whole, ...own.by } }
  }

  /** The keys of the file and the texts under them. */
  keys(content) {
    const failed = new Set()
    const unknown = [...content.keys()].filter((key) => !SCENARIO_KEYS.includes(key))
    const meant = new Map(unknown.map((key) => [key, this.near(key, SCENARIO_KEYS)]))
    const checks = {
      name: (value) => this.line(value),
      title: (value) => this.bothLanguages(value, TITLE_LENGTH),
      question: (value) => this.bothLanguages(value, QUESTION_LENGTH),
    }
    for (const key of SCENARIO_KEYS) {
      if (!content.has(key)) {
        if (["base", "starts", "until_then"].includes(key)) continue
        failed.add(key)
        if (![...meant.values()].some((hint) => hint?.en.includes(`${repr(key)}?`))) this.add([key], "{name} is missing.", { name: repr(key) })
      } else if (checks[key]) {
        const wrong = checks[key](content.get(key))
        if (wrong) {
          failed.add(key)
          this.mistakes.add([key], wrong.must ? this.must(key, wrong) : headed({ en: `${repr(key)}: `, zh: `“${key}”：` }, wrong))
        }
      }
    }
    for (const key of unknown) {
      failed.add(String(key))
      this.hinted([key], this.told("{key} is not a key of a scenario.", { key: shownValue(key) }), meant.get(key))
    }
    return failed
  }

  must(key, wrong) {
    const told = this.told(wrong.must, { name: repr(key), ...wrong.gaps })
    return wrong.more.reduce((before, one) => ({ en: `${before.en} ${one.en}`, zh: before.zh + one.zh }), told)
  }

  line(value) {
    const text = isNumber(value) ? shownValue(value) : value
    if (typeof text !== "string") return this.told("{value} is not a text.", { value: shownValue(value) })
    return text.split(/\s+/).join("").length ? null : this.told("it is empty.")
  }

  bothLanguages(value, most) {
    const given = isMapping(value) ? value : new Map()
    const missing = ["zh", "en"].filter((key) => given.get(key) === undefined || given.get(key) === null || !String(plain(given.get(key))).trim())
    const others = [...given.keys()].filter((key) => !["zh", "en"].includes(key)).map((key) => shownValue(key))
    if (!isMapping(value) || missing.length || others.length) {
      const more = []
      if (isMapping(value) && missing.length) more.push(this.told(`It lacks ${missing.join(" and ")}.`))
      if (others.length) more.push(this.told("{name} is no language; quote a text with a comma.", { name: others.slice(0, 3).join(", ") }))
      return { must: "{name} must be given in both languages, as {braces}.", gaps: { braces: "{zh: ..., en: ...}" }, more }
    }
    for (const language of ["zh", "en"]) {
      const wrong = this.line(given.get(language))
      if (wrong) return wrong
    }
    for (const language of ["zh", "en"]) {
      const text = String(plain(given.get(language))).trim().split(/\s+/).join(" ")
      if ([...text].length > most) return this.told("{language} has {count} characters; {most} are the most.", { language, count: group([...text].length), most })
    }
    return null
  }

  name(content, failed) {
    const stem = this.stem.normalize("NFC")
    const name = content.get("name")
    if (content.has("name") && !failed.has("name") && String(plain(name)).normalize("NFC") !== stem) {
      this.add(["name"], "'name' is {name}, but the file is called {file}; they must be the same.", { name: shownValue(name), file: shownValue(stem) })
    }
    if (!/^[\p{L}\p{N}_-]+$/u.test(stem)) this.add([], "The name {name} may hold letters, digits, '_' and '-' only.", { name: shownValue(stem) })
    else if ([...stem].length > NAME_LENGTH) this.add([], "The name of the file has {count} characters; {most} are the most.", { count: [...stem].length, most: NAME_LENGTH })
  }

  base([key, base]) {
    if (base === undefined || base === null) {
      if (this.stem !== "baseline") this.add(["base"], "'base' is missing. Most scenarios say 'base: baseline'.")
      return null
    }
    if (typeof base === "string" && this.rules.shipped.includes(base)) return base
    if (typeof base === "string" && /^[\p{L}\p{N}_-]+$/u.test(base)) {
      const titles = new Map(this.rules.shipped.flatMap((name) => Object.values(this.known.scenarios[name].title).map((title) => [title, name])))
      this.hinted([key], this.told("There is no scenario {name} to be the base.", { name: shownValue(base) }), this.near(base, this.rules.shipped, titles))
    } else {
      // A path would open a file beside the page, which no page may.
      this.mistakes.add([key], this.own("base not shipped", { value: shownValue(base), names: this.rules.shipped.join(", ") }))
    }
    return undefined
  }

  start([at, starts], [until, named]) {
    const late = starts !== undefined && starts !== null && !(starts instanceof Whole && starts.valueOf() === START_YEAR)
    if (late || (named !== undefined && named !== null)) {
      this.mistakes.add([late ? at : until], this.own("starts later", {}))
    }
  }

  changes([at, given]) {
    const found = {}
    const changes = given ?? new Map()
    if (!isMapping(changes)) {
      if (changes === "" || (Array.isArray(changes) && !changes.length) || changes === false || plain(changes) === 0) return found
      this.add([at], "'changes' must list constants of the model, each with value, unit and source.")
      return found
    }
    for (const [name, entry] of changes) {
      const where = [at, name]
      const constant = this.constant(name, where)
      if (constant === null) continue
      const label = sameIn(repr(constant))
      if (!isMapping(entry)) {
        this.mistakes.add(where, this.told("{name} must have 'value', 'unit' and 'source' under it.", { name: label.en }))
        continue
      }
      const value = this.value(constant, entry, where, label)
      if (value !== undefined) found[constant] = value
    }
    return found
  }

  constant(name, where) {
    const { constants } = this.known
    if (this.rules.constants.includes(name)) return name
    if (typeof name === "string" && Object.hasOwn(constants, name)) {
      const one = constants[name]
      const gaps = { name: repr(name), why: one.fixed }
      if (one.kind === "control") this.add(where, "{name} says how the model is run; a scenario cannot change it.", gaps)
      else if (one.fixed) this.add(where, "{name} {why}: it is neither a policy nor an assumption, so a scenario cannot change it.", gaps)
      else this.add(where, "{name} is worked out by the model, so it cannot be set; only constants can.", gaps)
      return null
    }
    const former = typeof name === "string" ? this.known.former[name.trim().toUpperCase()] : undefined
    if (former) {
      const told = this.told("{name} was a lever of the first edition, in people a year; now it is 'TALENT SUBSIDY', in yuan/person.", { name: repr(name) })
      this.mistakes.add(where, { en: `${repr(name)} was a lever of the first edition, ${former[1]}.`, zh: told.zh })
      return former[0]
    }
    const titles = this.rules.titles
    const titled = typeof name === "string" ? titles.get(name.trim().toLowerCase()) : undefined
    const near = titled ? null : this.guess(name, [...this.rules.constants, ...titles.keys()])
    const meant = titled ?? (near === null ? null : titles.get(near) ?? near)
    const sentence = titled ? "{name} is not a constant of the model but what a report calls one." : "{name} is not a constant of the model."
    this.hinted(where, this.told(sentence, { name: shownValue(name) }), meant ? this.told(" Did you mean {name}?", { name: repr(meant) }) : null)
    return meant
  }

  value(constant, entry, where, label) {
    const variable = this.known.constants[constant]
    this.unknownKeys(entry, CHANGE_KEYS, where, (key) => this.told("{key} is not a key of a change ({name}).", { key, name: repr(constant) }))
    if (!entry.has("unit")) this.add(where, "{name} has no unit; the model has it in {unit}.", { name: label.en, unit: repr(variable.unit) })
    else if (entry.get("unit") !== variable.unit) {
      this.add([...where, "unit"], "{name} is in {unit}, the file says {given}.", { name: label.en, unit: repr(variable.unit), given: shownValue(entry.get("unit")) })
    }
    const source = entry.get("source")
    if (source === undefined || source === null || !String(plain(source)).trim()) {
      this.add(where, "{name} has no source. Name the plan section or paper, or say 'assumption: ...'.", { name: label.en })
    }
    for (const key of ["source", "note"]) {
      const text = entry.get(key)
      if (isMapping(text) || Array.isArray(text) || typeof text === "boolean") {
        this.add([...where, key], "{name}: {key} must be a text; put quotes around it.", { name: label.en, key: repr(key) })
      }
    }
    const before = this.mistakes.count
    const given = ["value", "path", "by"].filter((key) => entry.has(key))
    if (given.length !== 1) {
      const sentence = given.length ? "{name} needs exactly one of 'value', 'path' and 'by'; the file has {keys}." : "{name} needs exactly one of 'value', 'path' and 'by'; the file has none of them."
      this.add(where, sentence, { name: label.en, keys: given.map((key) => `'${key}'`).join(" and ") })
    }
    let value
    for (const key of given) {
      const own = this.filled(entry.get(key), variable)
      const at = [...where, key]
      if (key === "value") value = this.number(constant, label, own, at)
      else if (key === "path") value = this.path(constant, label, own, at)
      else value = this.elements(constant, label, own, at)
    }
    return this.mistakes.count === before ? value : undefined
  }

  unknownKeys(entry, keys, where, told) {
    for (const key of entry.keys()) {
      if (!keys.includes(key)) this.hinted([...where, key], told(shownValue(key)), this.near(key, keys))
    }
  }

  /** Put numbers where a path says 'default'. */
  filled(value, variable) {
    if (!isMapping(value) || variable.default === null) return value
    const own = (path, usual) => new Map([...path].map(([year, given]) => [year, given === "default" ? usual : given]))
    if (!variable.axes) return own(value, variable.default[0])
    if (variable.axes.length > 1) return value
    return new Map(
      [...value].map(([element, path]) => {
        const place = variable.axes[0].indexOf(element)
        return [element, isMapping(path) && place >= 0 ? own(path, variable.default[place]) : path]
      }),
    )
  }

  number(constant, label, value, where) {
    const told = (problem) => this.mistakes.add(where, headed(joint(label), problem))
    if (value === "default") {
      told(this.told(this.known.constants[constant].axes ? "'default' differs from element to element; use 'by'." : "'default' may stand in a path only."))
      return undefined
    }
    if (value === "before") {
      told(this.told("'before' may stand in a path of a scenario with 'starts' only; by element where elements differ."))
      return undefined
    }
    const wrong = this.notNumber(value)
    if (wrong) {
      told(wrong)
      return undefined
    }
    const given = plain(value)
    const lever = this.rules.levers.get(constant)
    const variable = this.known.constants[constant]
    const [low, high] = lever ? [lever.lowest, lever.highest] : [variable.low, variable.high]
    if ((low !== null && given < low) || (high !== null && given > high)) {
      const end = (limit) => (limit === null ? "any" : general(limit))
      told(this.told("{value} is outside {low} to {high} {unit}.", { value: general(given), low: end(low), high: end(high), unit: variable.unit }))
    }
    return given
  }

  notNumber(value) {
    if (!isNumber(value)) {
      const meant = meantNumber(value)
      const said = this.told("{value} is not a number.", { value: shownValue(value) })
      return meant === null ? said : headed(said, { en: ` Write ${general(meant)}.`, zh: this.told("Write {number}.", { number: general(meant) }).zh })
    }
    if (!Number.isFinite(plain(value))) {
      // A whole number too long for a double is large, not infinite.
      if (value instanceof Whole) return this.told("a number of that size is not one that a model takes.")
      return this.told("{value} is not a finite number.", { value: shownValue(value) })
    }
    return Math.abs(plain(value)) > LARGEST ? this.told("a number of that size is not one that a model takes.") : null
  }

  wrongYear(year) {
    if (typeof year !== "number") return this.told("{value} is not a year.", { value: shownValue(year) })
    if (year >= FIRST_YEAR && year <= LAST_YEAR) return null
    return this.told("the year {year} is outside {first} to {last}.", { year: shownYear(year), first: FIRST_YEAR, last: LAST_YEAR })
  }

  path(constant, label, path, where) {
    const told = (problem) => this.mistakes.add(where, headed(joint(label), problem))
    if (!isMapping(path) || path.size < 2) {
      told(this.told("a path needs at least two years, such as {example}.", { example: "{2020: 0.9, 2025: 1.0}" }))
      return undefined
    }
    const years = [...path.keys()]
    if (years.length > MOST_YEARS) {
      told(this.told("a path has {count} years; {most} are the most.", { count: group(years.length), most: MOST_YEARS }))
      return undefined
    }
    const wrong = new Map(years.map((year) => [year, this.wrongYear(year)]).filter(([, problem]) => problem))
    for (const [year, problem] of wrong) this.mistakes.add([...where, year], headed(joint(label), problem))
    if (!wrong.size && years.some((year, place) => place > 0 && year < years[place - 1])) {
      told(this.told("the years of a path must go up; the file has {years}.", { years: years.slice(0, 10).map(shownYear).join(", ") }))
    }
    const points = []
    for (const [year, value] of path) {
      const when = wrong.has(year) ? shownValue(typeof year === "number" && Number.isInteger(year) ? new Whole(year) : year) : shownYear(year)
      points.push([year, this.number(constant, { en: `${label.en} in ${when}`, zh: `${label.zh}${when}年` }, value, [...where, year])])
    }
    return { path: points }
  }

  elements(constant, label, by, where) {
    const variable = this.known.constants[constant]
    if (variable.axes?.length !== 1) {
      const sentence = variable.axes ? "{name} is a table of several subscripts, so 'by' cannot be used for it." : "{name} is a single number, so 'by' cannot be used for it."
      this.add(where, sentence, { name: label.en })
      return undefined
    }
    const [elements] = variable.axes
    if (!isMapping(by) || !by.size) {
      this.mistakes.add(where, headed(joint(label), this.told("'by' needs elements with values, such as {example}.", { example: `{${elements[0]}: 1.0}` })))
      return undefined
    }
    if (variable.default === null && [...by.keys()].every((key) => elements.includes(key)) && by.size < elements.length) {
      this.mistakes.add(where, headed(joint(label), this.told("the model has no plain numbers for it; name all of {elements}.", { elements: elements.join(", ") })))
    }
    const found = {}
    for (const [element, value] of by) {
      const spelled = shownValue(typeof element === "number" && Number.isInteger(element) ? new Whole(element) : element)
      const said = { en: `${label.en} for ${spelled}`, zh: `${label.zh}（“${String(element)}”）` }
      const at = [...where, element]
      if (!elements.includes(element)) {
        this.hinted(at, headed(joint(said), this.told("there is no such element.")), this.near(String(element), elements))
      } else if (isMapping(value)) found[element] = this.path(constant, said, value, at)
      else found[element] = this.number(constant, said, value, at)
    }
    return { by: found }
  }

  expectations([at, given], base) {
    const expect = given ?? []
    const empty = expect === "" || expect === false || plain(expect) === 0 || (isMapping(expect) && !expect.size)
    if (empty) return
    if (!Array.isArray(expect) || !expect.every(isMapping)) {
      this.add([at], "'expect' must be a list, such as '- {braces}'.", { braces: "{variable: residents, year: 2035, is: above baseline}" })
      return
    }
    expect.forEach((entry, place) => this.expectation(entry, [at, place], place + 1, base))
  }

  expectation(entry, where, number, base) {
    const label = { en: `expect no. ${number}`, zh: `expect第${number}条` }
    const claims = ["is", ...LIMITS].filter((key) => entry.has(key))
    this.unknownKeys(entry, EXPECT_KEYS, where, (key) => this.told("{key} is not a key of expect no. {number}.", { key, number }))
    const told = (place, problem, hint = null) => this.hinted(place, headed(joint(label), problem), hint)
    this.variable(entry, where, told)
    const year = entry.get("year")
    if (year !== undefined && year !== null) {
      const wrong = this.notSaved(year)
      if (wrong) told([...where, "year"], wrong)
    }
    if (claims.length !== 1) {
      this.add(where, "{label} needs exactly one of 'is', {claims}.", { label, claims: LIMITS.map(repr).join(", ") })
      return
    }
    const [claim] = claims
    const dated = year !== undefined && year !== null
    if (claim.startsWith("never") && dated) told(where, this.told("{claim} holds for the whole run, so it takes no year.", { claim: repr(claim) }))
    else if (!claim.startsWith("never") && !dated) told(where, this.told("{claim} needs a year.", { claim: repr(claim) }))
    if (claim === "is") this.comparison(entry.get("is"), base, [...where, "is"], told)
    else {
      const wrong = this.notNumber(entry.get(claim))
      if (wrong) told([...where, claim], wrong)
    }
  }

  comparison(said, base, where, told) {
    if (base === null) {
      told(where, this.told("'is' compares with the base, and there is none; use 'at least' or 'at most'."))
      return
    }
    const bases = base === undefined ? null : base === "baseline" ? ["baseline"] : [base, ...(this.known.scenarios[base].bases ?? ["baseline"])]
    const [way, ...rest] = typeof said === "string" ? said.split(" ") : [""]
    const name = rest.join(" ")
    if (DIRECTIONS.includes(way) && (bases ? bases.includes(name) : /^[\p{L}\p{N}_-]+$/u.test(name))) return
    const value = shownValue(said)
    const hint = bases && DIRECTIONS.includes(way) ? this.near(name, bases) : null
    if (bases) told(where, this.told("'is' must be 'above' or 'below' and one of {bases}; not {value}.", { bases: bases.join(", "), value }), hint)
    else told(where, this.told("'is' must be 'above' or 'below' and the base; not {value}.", { value }))
  }

  notSaved(year) {
    const [first, last] = this.known.years
    const given = plain(year)
    if (!isNumber(year)) return this.told("{value} is not a year.", { value: shownValue(year) })
    if (!(given >= first && given <= last)) return this.told("the year {year} is outside {first} to {last}, the years that a run keeps.", { year: shownValue(year), first, last })
    return Number.isInteger(given) ? null : this.told("{year} is not a whole year; a run keeps the ends of whole years.", { year: given })
  }

  variable(entry, where, told) {
    const name = entry.get("variable")
    const { constants } = this.known
    const variable = typeof name === "string" && Object.hasOwn(constants, name) ? constants[name] : undefined
    if (!variable || ["table", "control"].includes(variable.kind)) {
      const names = Object.keys(constants).filter((one) => !["table", "control"].includes(constants[one].kind))
      const terms = new Map(Object.entries(constants).filter(([, one]) => one.term).map(([one, own]) => [own.term, one]))
      told([...where, "variable"], this.told("{name} is not a variable of the model.", { name: shownValue(name) }), this.near(name, names, terms))
      return
    }
    const given = entry.get("element") ?? (entry.has("element") ? "None" : [])
    const element = (Array.isArray(given) ? given : [given]).map((part) => String(plain(part)))
    const axes = variable.axes ?? []
    if (element.length !== axes.length) {
      const [kind] = axes
      const kinds = axes.map((options) => `one of ${options[0]}..${options[options.length - 1]}`).join(", ")
      const sentence = ["none.", "one of {first}..{last}."][axes.length] ?? "{kinds}."
      told([...where, "element"], this.told(`{name} takes this 'element': ${sentence}`, { name: repr(name), kinds, first: kind?.[0], last: kind?.[kind.length - 1] }))
      return
    }
    element.forEach((part, place) => {
      if (!axes[place].includes(part)) {
        told([...where, "element"], this.told("{name} has no element {element}.", { name: repr(name), element: shownValue(part) }), this.near(part, axes[place]))
      }
    })
  }
}

function joint(label) {
  return { en: `${label.en}: `, zh: `${label.zh}：` }
}

function shownYear(year) {
  return typeof year === "number" ? String(year) : shownValue(year)
}

/** The number that a text with full-width digits, thousands signs or a Chinese unit of count stands for. */
function meantNumber(value) {
  if (typeof value !== "string" || value.length > 30 || /[%％]$/.test(value.trim())) return null
  const text = value.trim()
  const times = { 万: 1e4, 亿: 1e8 }[text.slice(-1)] ?? 1
  const own = (times === 1 ? text : text.slice(0, -1)).normalize("NFKC").trim().replace("−", "-")
  const bare = /^[-+]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?$/.test(own) ? own.replaceAll(",", "") : own
  return /^[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]{1,3})?$/.test(bare) ? Number(bare) * times : null
}
