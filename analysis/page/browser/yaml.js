// The reader of scenario files, as strict as the desk's: what a person typed is what the page sees, or it is refused.
//
// Read is what a planner writes of YAML: mappings and lists, in blocks or in brackets, texts with or without quotes, and
// the plain forms of numbers. No aliases, no anchors, no tags. Bounds and words are those of model/files/strict_files.py.

const DEPTH = 10
const NODES = 50_000
const NAME_LENGTH = 200
const TEXT_LENGTH = 4_000
const DIGITS = 300
const HIDDEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufdd0-\ufdef\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/
const INTEGER = /^[-+]?[0-9][0-9_]*$/
const DECIMAL = /^[-+]?(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?$/
const WORDS = new Map([
  ...["", "~", "null", "Null", "NULL"].map((word) => [word, null]),
  ["true", true], ["True", true], ["false", false], ["False", false],
  ...[".nan", ".NaN", ".NAN"].map((word) => [word, NaN]),
  ...[".inf", ".Inf", ".INF"].flatMap((word) => [[word, Infinity], [`+${word}`, Infinity], [`-${word}`, -Infinity]]),
])
const ESCAPES = { 0: "\0", a: "\x07", b: "\b", t: "\t", n: "\n", v: "\v", f: "\f", r: "\r", e: "\x1b", " ": " ", '"': '"', "/": "/", "\\": "\\", N: "\x85", _: "\xa0", L: "\u2028", P: "\u2029" }

/** A number that was written without a point; Python tells these apart, and so do years. */
export class Whole extends Number {}

/** A mapping whose keys keep their kinds: 2025 is a year, "2025" a text. @typedef {Map<any, any>} Mapping */

/** Spaces and tabs only: other signs of Unicode that look like a space are letters to YAML. */
function trimmed(text) {
  return text.replace(/^[ \t]+|[ \t]+$/g, "")
}

function trimmedEnd(text) {
  return text.replace(/[ \t]+$/, "")
}

/** How many spaces and tabs a line begins with. */
function indentOf(row) {
  return /^[ \t]*/.exec(row)[0].length
}

class Refused extends Error {
  /** @param {string} sentence With names in braces. @param {Record<string, any>} gaps */
  constructor(sentence, gaps = {}) {
    super(sentence)
    this.sentence = sentence
    this.gaps = gaps
  }
}

/** @param {number} line @param {string} why */
function invalid(line, why) {
  return new Refused("The file is not valid YAML in line {line}: {why}.", { line, why })
}

/** What a text holds that cannot be shown as typed, as a code point. @param {string} text */
export function hiddenCharacter(text) {
  const found = HIDDEN.exec(text)
  return found ? `U+${found[0].codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}` : null
}

/**
 * What a YAML text holds.
 * @param {string} text
 * @returns {{content: any, problems: {sentence: string, gaps: any}[], lines: Map<string, number>}}
 */
export function readYaml(text) {
  const problems = []
  const lines = text.split("\n")
  for (const [place, line] of lines.entries()) {
    if (line.slice(0, indentOf(line)).includes("\t")) {
      return { content: null, problems: [{ sentence: "Line {line} is indented with a tab. YAML allows spaces only.", gaps: { line: place + 1 } }], lines: new Map() }
    }
    const sign = hiddenCharacter(line.replace(/\r$/, ""))
    if (sign) {
      return { content: null, problems: [{ sentence: "Line {line} holds a character that cannot be shown ({sign}). Delete it.", gaps: { line: place + 1, sign } }], lines: new Map() }
    }
  }
  try {
    const reader = new Reader(lines.map((line) => line.replace(/\r$/, "")))
    const content = reader.document()
    if (content === null) return { content: null, problems: [{ sentence: "The file is empty.", gaps: {} }], lines: new Map() }
    return { content, problems: reader.problems, lines: reader.lines }
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    problems.push({ sentence: error.sentence, gaps: error.gaps })
    return { content: null, problems, lines: new Map() }
  }
}

/** Where something stands, as a key of a table. @param {any[]} where */
export function placeKey(where) {
  return JSON.stringify(where.map((part) => (part instanceof Number ? part.valueOf() : part)))
}

class Reader {
  /** @param {string[]} rows */
  constructor(rows) {
    this.rows = rows
    this.row = 0
    this.column = 0
    this.nodes = 0
    this.problems = []
    this.lines = new Map()
  }

  document() {
    this.skip()
    if (this.row < this.rows.length && this.rows[this.row].startsWith("%")) throw invalid(this.row + 1, "a directive is not read")
    if (this.row < this.rows.length && /^---([ \t]|$)/.test(this.rows[this.row])) {
      this.column = 3
      this.skip()
    }
    if (this.ended()) return null
    const content = this.node(-1, [], 0)
    this.skip()
    if (this.row < this.rows.length) {
      const rest = this.rows[this.row]
      if (/^\.\.\.[ \t]*(#.*)?$/.test(rest)) {
        this.row += 1
        this.column = 0
        this.skip()
        if (this.row >= this.rows.length) return content
      }
      if (/^---([ \t]|$)/.test(this.rows[this.row]) || /^\.\.\./.test(rest)) {
        throw new Refused("The file is not valid YAML in line {line}: it starts a second document there.", { line: this.row + 1 })
      }
      throw invalid(this.row + 1, "did not find expected <document start>")
    }
    return content
  }

  /** Whether nothing of the document is left. */
  ended() {
    return this.row >= this.rows.length || (this.column === 0 && /^(---|\.\.\.)([ \t]|$)/.test(this.rows[this.row]))
  }

  /** To the next sign that is neither space nor comment. */
  skip() {
    while (this.row < this.rows.length) {
      const row = this.rows[this.row]
      while (this.column < row.length && (row[this.column] === " " || row[this.column] === "\t")) this.column += 1
      const comment = row[this.column] === "#" && (this.column === 0 || /[ \t]/.test(row[this.column - 1]))
      if (this.column < row.length && !comment) return
      this.row += 1
      this.column = 0
    }
  }

  get sign() {
    return this.rows[this.row]?.[this.column] ?? ""
  }

  get rest() {
    return this.rows[this.row].slice(this.column)
  }

  counted(depth) {
    this.nodes += 1
    if (depth >= DEPTH) throw new Refused("Line {line} is nested more than {depth} levels deep.", { line: this.row + 1, depth: DEPTH })
    if (this.nodes > NODES) throw new Refused("The file holds more than {count} names and values.", { count: "50,000" })
  }

  /** Refuse what is never read. */
  plainOnly() {
    const line = this.row + 1
    const name = /^[&*!][^ \t,[\]{}]*/.exec(this.rest)?.[0] ?? ""
    if (this.sign === "*") throw new Refused("Line {line} uses an alias ({alias}). Write the value out; aliases and anchors are not read.", { line, alias: quoted(name) })
    if (this.sign === "&") throw new Refused("Line {line} has an anchor ({anchor}). Delete it; aliases and anchors are not read.", { line, anchor: quoted(name) })
    if (this.sign === "!") throw new Refused("Line {line} has a tag ({tag}). Delete it; tags are not read.", { line, tag: quoted(name) })
    if ("%@`".includes(this.sign)) throw invalid(line, "found character that cannot start any token")
  }

  /** A value in a block: what stands at this place, deeper than `indent`. */
  node(indent, where, depth) {
    this.plainOnly()
    const row = this.rows[this.row]
    if (this.sign === "-" && /^-([ \t]|$)/.test(this.rest)) return this.list(this.column, where, depth)
    if (this.sign === "?" && /^\?([ \t]|$)/.test(this.rest)) throw new Refused("The file is not valid YAML in line {line}: a key must be plain text or a year.", { line: this.row + 1 })
    if (this.isKey()) return this.mapping(this.column, where, depth)
    if (this.sign === "|" || this.sign === ">") return this.block(indent, depth)
    const began = this.row
    const value = this.flowOrScalar(indent, where, depth)
    const after = this.rows[this.row]?.slice(this.column) ?? ""
    if (this.row < this.rows.length && trimmed(after) && !/^[ \t]+#/.test(after) && !/^[ \t]*$/.test(after) && this.column > 0) {
      if (/^[ \t]*:([ \t]|$)/.test(after)) throw invalid(this.row + 1, "mapping values are not allowed in this context")
      throw invalid(this.row + 1, row && began === this.row ? "did not find expected <document start>" : "did not find expected key")
    }
    return value
  }

  /** Whether a key and a colon stand here. */
  isKey() {
    const rest = this.rest
    const written = /^("(?:[^"\\]|\\.)*"|'(?:[^']|'')*')[ \t]*:([ \t]|$)/.exec(rest)
    if (written) return true
    if (/^["'[{|>]/.test(rest)) return false
    return /^.*?:([ \t]|$)/.test(withoutComment(rest))
  }

  mapping(indent, where, depth) {
    this.counted(depth)
    const found = new Map()
    const spellings = new Set()
    while (true) {
      this.skip()
      if (this.ended() || this.column < indent) return found
      if (this.column > indent) throw invalid(this.row + 1, "did not find expected key")
      this.plainOnly()
      if (this.sign === "?" && /^\?([ \t]|$)/.test(this.rest)) throw new Refused("The file is not valid YAML in line {line}: a key must be plain text or a year.", { line: this.row + 1 })
      if (this.sign === "-" && /^-([ \t]|$)/.test(this.rest)) throw invalid(this.row + 1, "did not find expected key")
      if (!this.isKey()) throw invalid(this.row + 1, "could not find expected ':'")
      const line = this.row + 1
      const key = this.key(line)
      this.noted(found, spellings, key, where, line)
      const value = this.after(indent, [...where, key], depth + 1, true)
      found.set(plain(key), value)
    }
  }

  /** Read a key in a block up to behind its colon. */
  key(line) {
    const rest = this.rest
    let key
    if (rest[0] === '"' || rest[0] === "'") {
      key = this.quotedText()
    } else {
      const text = /^.*?(?=:([ \t]|$))/.exec(rest)[0]
      this.column += text.length
      key = resolved(trimmedEnd(text), line)
    }
    while (this.sign === " ") this.column += 1
    this.column += 1
    this.counted(0)
    return checkedKey(key, line)
  }

  noted(found, spellings, key, where, line) {
    const spelled = key instanceof Number ? key.valueOf() : key
    if (found.has(spelled) || spellings.has(spelled)) {
      this.problems.push({ sentence: "{name} is written twice (line {line}).", gaps: { name: shownValue(key), line } })
    }
    spellings.add(spelled)
    this.lines.set(placeKey([...where, key]), line)
  }

  /** What stands behind a colon or a dash. */
  after(indent, where, depth, mapping) {
    const row = this.row
    this.skip()
    const line = row + 1
    if (this.ended()) return this.nothing(depth)
    if (this.row === row) {
      if (mapping && this.sign === "-" && /^-([ \t]|$)/.test(this.rest)) throw invalid(line, "block sequence entries are not allowed in this context")
      if (mapping && !/^["'[{|>&*!]/.test(this.sign) && this.isKey()) throw invalid(line, "mapping values are not allowed in this context")
      if (mapping && /^["']/.test(this.sign) && this.isKey()) throw invalid(line, "mapping values are not allowed in this context")
      return this.node(indent, where, depth)
    }
    const dash = this.sign === "-" && /^-([ \t]|$)/.test(this.rest)
    if (this.column > indent || (mapping && dash && this.column === indent)) return this.node(indent, where, depth)
    return this.nothing(depth)
  }

  nothing(depth) {
    this.counted(depth)
    return null
  }

  list(indent, where, depth) {
    this.counted(depth)
    const found = []
    while (true) {
      this.skip()
      if (this.ended() || this.column < indent) return found
      if (this.column > indent) throw invalid(this.row + 1, "did not find expected '-' indicator")
      if (this.sign !== "-" || !/^-([ \t]|$)/.test(this.rest)) return found
      const own = [...where, found.length]
      if (!this.lines.has(placeKey(own))) this.lines.set(placeKey(own), this.row + 1)
      this.column += 1
      found.push(this.after(indent, own, depth + 1, false))
    }
  }

  /** A text over several lines behind | or >. */
  block(indent, depth) {
    this.counted(depth)
    const line = this.row + 1
    const head = /^([|>])([-+]?)([1-9]?)([-+]?)[ \t]*(?:[ \t]#.*)?$/.exec(this.rest)
    if (!head) throw invalid(line, "did not find expected comment or line break")
    const folded = head[1] === ">"
    const chomp = head[2] || head[4]
    this.row += 1
    this.column = 0
    const own = []
    let level = head[3] ? Math.max(indent, 0) + Number(head[3]) : -1
    while (this.row < this.rows.length) {
      const row = this.rows[this.row]
      const spaces = indentOf(row)
      if (trimmed(row) === "") {
        own.push(level >= 0 ? row.slice(level) : "")
      } else {
        if (level < 0) level = spaces
        if (spaces < level || level <= indent || /^(---|\.\.\.)([ \t]|$)/.test(row)) break
        own.push(row.slice(level))
      }
      this.row += 1
    }
    let kept = own.length
    while (kept > 0 && own[kept - 1] === "") kept -= 1
    const trailing = own.length - kept
    const body = own.slice(0, kept)
    let text = ""
    body.forEach((part, place) => {
      if (place === 0) text = part
      else if (!folded || /^[ \t]/.test(part) || /^[ \t]/.test(body[place - 1])) text += `\n${part}`
      else if (part === "") text += "\n"
      else text += body[place - 1] === "" ? part : ` ${part}`
    })
    if (body.length && chomp !== "-") text += "\n"
    if (chomp === "+") text += "\n".repeat(body.length ? trailing : Math.max(trailing, 0))
    return checkedText(text, line)
  }

  flowOrScalar(indent, where, depth) {
    if (this.sign === "[" || this.sign === "{") return this.flow(where, depth)
    this.counted(depth)
    const line = this.row + 1
    if (this.sign === '"' || this.sign === "'") return checkedText(this.quotedText(), line)
    return this.plainText(indent, line)
  }

  /** A text without quotes, with the lines that go on deeper. */
  plainText(indent, line) {
    const first = withoutComment(this.rest)
    let text = trimmedEnd(first)
    const commented = first.length < this.rest.length
    this.row += 1
    this.column = 0
    let breaks = 1
    while (!commented && this.row < this.rows.length) {
      const row = this.rows[this.row]
      if (trimmed(row) === "") {
        breaks += 1
        this.row += 1
        continue
      }
      const spaces = indentOf(row)
      if (spaces <= indent || trimmed(row).startsWith("#") || /^(---|\.\.\.)([ \t]|$)/.test(row)) break
      const part = withoutComment(trimmed(row))
      if (/:([ \t]|$)/.test(part)) throw invalid(this.row + 1, "mapping values are not allowed in this context")
      text += (breaks > 1 ? "\n".repeat(breaks - 1) : " ") + trimmedEnd(part)
      breaks = 1
      this.row += 1
      if (part.length < trimmed(row).length) break
    }
    return resolved(text, line)
  }

  /** A text in quotes, over several lines perhaps. */
  quotedText() {
    const line = this.row + 1
    const mark = this.sign
    this.column += 1
    let text = ""
    while (true) {
      if (this.row >= this.rows.length) throw invalid(Math.max(line, this.rows.length), "found unexpected end of stream")
      const row = this.rows[this.row]
      if (this.column >= row.length) {
        text = this.folded(text)
        continue
      }
      const sign = row[this.column]
      if (mark === "'" && sign === "'" && row[this.column + 1] === "'") {
        text += "'"
        this.column += 2
      } else if (sign === mark) {
        this.column += 1
        return text
      } else if (mark === '"' && sign === "\\") {
        text = this.escaped(text)
      } else {
        text += sign
        this.column += 1
      }
    }
  }

  escaped(text) {
    const row = this.rows[this.row]
    const sign = row[this.column + 1]
    if (sign === undefined) {
      this.row += 1
      this.column = 0
      while (this.sign === " ") this.column += 1
      return text
    }
    const size = { x: 2, u: 4, U: 8 }[sign]
    if (size) {
      const code = row.slice(this.column + 2, this.column + 2 + size)
      if (!new RegExp(`^[0-9a-fA-F]{${size}}$`).test(code)) throw invalid(this.row + 1, "did not find expected hexdecimal number")
      this.column += 2 + size
      const point = parseInt(code, 16)
      if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) throw invalid(this.row + 1, "found invalid Unicode character escape code")
      return text + String.fromCodePoint(point)
    }
    if (!(sign in ESCAPES)) throw invalid(this.row + 1, "found unknown escape character")
    this.column += 2
    return text + ESCAPES[sign]
  }

  /** Go to the next line of a text in quotes: one break is a space, more are kept. */
  folded(text) {
    let breaks = 0
    const before = text.replace(/[ \t]+$/, "")
    while (this.row < this.rows.length) {
      this.row += 1
      breaks += 1
      if (this.row < this.rows.length && trimmed(this.rows[this.row]) !== "") break
    }
    this.column = 0
    if (this.row < this.rows.length && /^(---|\.\.\.)([ \t]|$)/.test(this.rows[this.row])) throw invalid(this.row + 1, "found unexpected document indicator")
    while (this.sign === " ") this.column += 1
    return before + (breaks === 1 ? " " : "\n".repeat(breaks - 1))
  }

  /** A list or a mapping in brackets. */
  flow(where, depth) {
    this.counted(depth)
    const open = this.sign
    const close = open === "[" ? "]" : "}"
    const found = open === "[" ? [] : new Map()
    const spellings = new Set()
    const unended = `did not find expected ',' or '${close}'`
    this.column += 1
    while (true) {
      this.inFlow()
      if (this.sign === close) {
        this.column += 1
        return found
      }
      if (this.sign === ",") throw invalid(this.row + 1, "did not find expected node content")
      this.plainOnly()
      if (open === "[") {
        const own = [...where, found.length]
        if (!this.lines.has(placeKey(own))) this.lines.set(placeKey(own), this.row + 1)
        found.push(this.flowValue(own, depth + 1))
        this.inFlow(unended)
        if (this.sign === ":") throw invalid(this.row + 1, "a mapping in a list needs braces")
      } else {
        const at = this.row + 1
        const key = checkedKey(this.flowValue([...where, null], depth + 1, true), at)
        this.noted(found, spellings, key, where, at)
        this.inFlow(unended)
        let value = null
        if (this.sign === ":") {
          this.column += 1
          this.inFlow()
          if (this.sign !== "," && this.sign !== close) value = this.flowValue([...where, key], depth + 1)
          else this.counted(depth + 1)
        } else this.counted(depth + 1)
        found.set(plain(key), value)
      }
      this.inFlow(unended)
      if (this.sign === ",") this.column += 1
      else if (this.sign !== close) throw invalid(this.row + 1, unended)
    }
  }

  inFlow(why = "did not find expected node content") {
    this.skip()
    if (this.row >= this.rows.length) throw invalid(this.rows.length, why)
  }

  flowValue(where, depth, key = false) {
    this.plainOnly()
    if (/^\?([ \t]|$)/.test(this.rest)) throw new Refused("The file is not valid YAML in line {line}: a key must be plain text or a year.", { line: this.row + 1 })
    if (this.sign === "[" || this.sign === "{") {
      if (key) throw new Refused("The file is not valid YAML in line {line}: a key must be plain text or a year.", { line: this.row + 1 })
      return this.flow(where, depth)
    }
    this.counted(depth)
    const line = this.row + 1
    if (this.sign === '"' || this.sign === "'") return checkedText(this.quotedText(), line)
    const parts = []
    while (this.row < this.rows.length) {
      const part = /^(?:[^,[\]{}:#]|:(?=[^ \t,[\]{}])|(?<=[^ \t])#)*/.exec(this.rest)[0]
      parts.push(trimmed(part))
      this.column += part.length
      if (this.column < this.rows[this.row].length) break
      this.row += 1
      this.column = 0
      this.skip()
      if (this.sign === "" || ",[]{}:".includes(this.sign)) break
    }
    return resolved(parts.filter(Boolean).join(" "), line)
  }
}

/** A text up to a comment. @param {string} text */
function withoutComment(text) {
  const found = /(^|[ \t])#/.exec(text)
  return found ? text.slice(0, found.index) : text
}

function plain(key) {
  return key instanceof Number ? key.valueOf() : key
}

function resolved(text, line) {
  if (WORDS.has(text)) return WORDS.get(text)
  const whole = INTEGER.test(text)
  if (whole || DECIMAL.test(text)) {
    if (text.length > DIGITS) throw new Refused("Line {line} has a number of more than {count} digits.", { line, count: DIGITS })
    const value = Number(text.replaceAll("_", ""))
    return whole ? new Whole(value) : value
  }
  return checkedText(text, line)
}

function checkedText(text, line) {
  if (text.length > TEXT_LENGTH) {
    throw new Refused("Line {line} has a text of {count} characters; {most} are the most.", { line, count: text.length.toLocaleString("en"), most: "4,000" })
  }
  const sign = hiddenCharacter(text.replaceAll("\n", ""))
  if (sign) throw new Refused("Line {line} has a text with a character that cannot be shown ({sign}). Delete it.", { line, sign })
  return text
}

function checkedKey(key, line) {
  if (key === null || typeof key === "boolean") {
    throw new Refused("The file is not valid YAML in line {line}: a key must be plain text or a year.", { line })
  }
  if (typeof key === "string" && key.length > NAME_LENGTH) {
    throw new Refused("Line {line} has a name of {count} characters; {most} are the most.", { line, count: key.length.toLocaleString("en"), most: NAME_LENGTH })
  }
  return key
}

/** A text in quotes as Python writes it. @param {string} text */
export function quoted(text) {
  const mark = text.includes("'") && !text.includes('"') ? '"' : "'"
  const inside = text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll("\t", "\\t").replaceAll("\r", "\\r")
  return mark + (mark === "'" ? inside.replaceAll("'", "\\'") : inside) + mark
}

/** A value as Python writes it, cut to what fits into a line. @param {any} value */
export function shownValue(value, level = 2) {
  if (value === null || value === undefined) return "None"
  if (value === true) return "True"
  if (value === false) return "False"
  if (value instanceof Whole) return String(value.valueOf())
  if (typeof value === "number") return shownNumber(value)
  if (typeof value === "string") {
    const whole = quoted(value.slice(0, 60))
    if (quoted(value).length <= 60) return quoted(value)
    return whole.slice(0, 28) + "..." + quoted(value).slice(-29)
  }
  if (level <= 0) return Array.isArray(value) ? "[...]" : "{...}"
  if (Array.isArray(value)) {
    const parts = value.slice(0, 3).map((part) => shownValue(part, level - 1))
    return `[${[...parts, ...(value.length > 3 ? ["..."] : [])].join(", ")}]`
  }
  const parts = sortedKeys(value).slice(0, 3).map((key) => `${shownValue(typeof key === "number" && Number.isInteger(key) ? new Whole(key) : key, level - 1)}: ${shownValue(value.get(key), level - 1)}`)
  return `{${[...parts, ...(value.size > 3 ? ["..."] : [])].join(", ")}}`
}

function sortedKeys(mapping) {
  const keys = [...mapping.keys()]
  return keys.every((key) => typeof key === typeof keys[0]) ? keys.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)) : keys
}

function shownNumber(value) {
  if (Number.isNaN(value)) return "nan"
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf"
  const text = String(value)
  return /[.e]/.test(text) ? text.replace(/e\+?(-?)(\d)$/, "e$10$2") : `${text}.0`
}
