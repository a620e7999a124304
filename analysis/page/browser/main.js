// The live page: what is set, what is computed of it, and where it is shown.
import { Board, shownOf } from "./board.js"
import { COLOURS, Fan } from "./charts.js"
import { Side } from "./compare.js"
import { Districts } from "./districts.js"
import { choice, element, saveFile } from "./dom.js"
import { Guide } from "./guide.js"
import { Control } from "./levers.js"
import { digits } from "./numbers.js"
import { Outcomes, layoutOf } from "./outcomes.js"
import { Pool, unpackedBytes } from "./pool.js"
import { MOST_CHANGES, MOST_FILE, Rules } from "./rules.js"
import { MOST_KEPT, PACES, Settings, UNSAVED, fromHash, mayBeCalled, settingOf, toHash } from "./state.js"
import { savePicture, tableOf } from "./takeaway.js"
import { Why } from "./why.js"

/** Workers: one for each processor, as far as memory allows. */
const MOST_WORKERS = 8
const TABS = ["levers", "results", "compare", "files"]
/** Milliseconds without a move until the address follows. */
const CALM = 250

/** As much of a text as leaves a printed page one page. @param {string} text */
function shortened(text) {
  return text.length > 900 ? `${text.slice(0, 900)} …` : text
}

class Page {
  /** @param {any} known @param {Pool} pool @param {any} state @param {any[]} problems */
  constructor(known, pool, rules, state, problems) {
    this.known = known
    this.pool = pool
    this.rules = rules
    this.state = state
    this.settings = new Settings(known)
    this.years = Array.from({ length: known.years[1] - known.years[0] + 1 }, (_, place) => known.years[0] + place)
    const names = [...known.indicators, ...known.small].map((one) => one.variable)
    const small = new Set(known.small.map((one) => one.variable))
    const layout = layoutOf(names, (name) => (small.has(name) ? known.districts.length : 1), this.years.length)
    this.outcomes = new Outcomes(pool, layout, known.evidence)
    this.busy = false
    this.complete = false
    this.tab = "results"
    this.root = document.getElementById("page")
    this.build()
    for (const problem of problems) this.problem("link problem", problem)
    this.ask()
    window.addEventListener("beforeprint", () => this.forPrint(true))
    window.addEventListener("afterprint", () => this.forPrint(false))
    window.addEventListener("hashchange", () => this.follow())
  }

  // Words

  get language() {
    return this.state.language
  }

  say = (word, gaps = {}) => {
    const entry = this.known.words[word]
    if (!entry) throw new Error(`There is no word ${word}.`)
    return entry[this.language].replace(/\{(\w+)\}/g, (_, name) => String(gaps[name]))
  }

  elementTitle = (name) => this.known.elements[name]?.[this.language] ?? name

  constantTitle(constant) {
    const own = [...this.known.levers, ...this.known.assumptions].find((one) => one.constant === constant)
    if (own) return own.title[this.language]
    return this.language === "zh" ? this.known.constants[constant].term || constant : constant.toLowerCase()
  }

  titleOf(name) {
    if (name === UNSAVED) return this.pageTitle()
    return name in this.known.scenarios ? this.known.scenarios[name].title[this.language] : `${name} (${this.say("saved")})`
  }

  pageTitle() {
    const { setting } = this.state
    const base = this.known.scenarios[setting.base].title[this.language]
    return Object.keys(setting.changes).length ? this.say("page setting", { base }) : base
  }

  get indicator() {
    return this.known.indicators.find((one) => one.variable === this.state.indicator)
  }

  // Building

  build() {
    document.documentElement.lang = this.language === "zh" ? "zh-CN" : "en"
    document.title = this.say("title")
    for (const part of [this.fan, this.districts, this.side]) part?.remove()
    const asked = this.guide?.asked ?? null
    this.why?.stop()
    this.why?.observer.disconnect()
    this.status = element("span", { id: "status", role: "status" })
    this.problems = element("div", { id: "problems", role: "alert", hidden: true })
    this.fan = new Fan(this.years, { height: 320, title: () => this.say("chart of", { title: this.indicator.title[this.language] }), words: (place) => this.reading(this.bands?.page, place) })
    this.board = new Board(this)
    this.districts = new Districts(this)
    this.side = new Side(this)
    this.why = new Why(this)
    this.guide = new Guide(this, asked)
    this.controls = new Map()
    this.root.replaceChildren(this.header(), this.problems, this.tabs(), element("main", {}, this.aside(), this.results()), this.footer())
    document.body.dataset.tab = this.tab
    this.why.watch()
    this.shown = false
  }

  header() {
    const other = this.language === "zh" ? "en" : "zh"
    const evidence = Object.keys(this.known.evidence).map((seen) => [seen, this.say("evidence to", { evidence: seen })])
    return element(
      "header",
      {},
      element("h1", { text: this.say("title") }),
      element("button", { type: "button", id: "language", lang: other === "zh" ? "zh-CN" : "en", title: this.known.words["switch"][this.language], text: this.say("other language"), onclick: () => this.speak(other) }),
      element(
        "div",
        { class: "bar-of-choices" },
        choice("base", this.say("start from"), Object.keys(this.known.scenarios).map((name) => [name, this.titleOf(name)]), this.state.setting.base, (base) => this.begin(base)),
        choice("against", this.say("against"), this.comparable().filter(([name]) => name !== UNSAVED), this.state.against, (against) => this.choose({ against }, true)),
        choice("evidence", this.say("evidence"), evidence, this.state.evidence, (seen) => this.see(seen)),
        element(
          "div",
          { class: "quick" },
          element("button", { type: "button", id: "reset", text: `↺ ${this.say("reset")}`, onclick: () => this.take(settingOf(this.state.setting.base)) }),
          element("button", { type: "button", id: "quick-save", text: this.say("save short"), onclick: () => this.toFiles() }),
          this.copyButton("quick-link"),
          element("button", { type: "button", id: "print", text: this.say("print"), onclick: () => window.print() }),
        ),
      ),
      this.status,
    )
  }

  tabs() {
    const buttons = TABS.map((name) => element("button", { type: "button", "data-tab": name, "aria-pressed": String(name === this.tab), text: this.say(`tab ${name}`), onclick: () => this.turn(name) }))
    this.tabButtons = buttons
    this.glance = element("p", { class: "glance", "aria-hidden": "true" })
    return element("nav", { class: "tabs", "aria-label": this.say("parts of the page") }, this.glance, element("div", {}, ...buttons))
  }

  turn(tab) {
    this.tab = tab
    document.body.dataset.tab = tab
    for (const button of this.tabButtons) button.setAttribute("aria-pressed", String(button.dataset.tab === tab))
    window.scrollTo(0, 0)
  }

  toFiles() {
    this.turn("files")
    const field = document.getElementById("name")
    field.scrollIntoView({ block: "center" })
    field.focus()
  }

  aside() {
    const { known } = this
    const look = { say: this.say, language: this.language, evidence: this.state.evidence, elementTitle: this.elementTitle }
    const acts = {
      move: (constant, part, value) => this.move(constant, part, value),
      putBack: (constant) => this.take(this.settings.putBack(this.state.setting, constant)),
      set: (constant, value) => this.take(this.settings.set(this.state.setting, constant, value)),
      fix: (constant, fixed, positions) => this.fix(constant, fixed, positions),
    }
    const control = (dial, free) => {
      const made = new Control(dial, { ...look, free }, acts, known)
      this.controls.set(dial.constant, made)
      return made.root
    }
    const paces = PACES.map((year) => [String(year), year ? this.say("by year", { year }) : this.say("at once")])
    const policies = element("section", { id: "policies", "data-part": "levers" }, element("h2", { text: this.say("policies") }), element("p", { class: "hint", text: this.say("policies help") }), choice("pace", this.say("pace"), paces, String(this.state.pace), (pace) => this.choose({ pace: pace === "null" ? null : Number(pace) })))
    const find = element("input", { type: "search", id: "find", autocomplete: "off", oninput: () => this.find(find.value, policies) })
    policies.append(element("div", { class: "field find" }, element("label", { for: "find", text: this.say("find lever") }), find))
    for (const chapter of [...new Set(known.levers.map((lever) => lever.chapter))]) {
      const own = known.levers.filter((lever) => lever.chapter === chapter)
      const count = element("span", { class: "count", text: this.say("levers in chapter", { count: own.length }) })
      policies.append(element("details", { class: "chapter", open: true }, element("summary", {}, known.chapters[chapter][this.language], " ", count), ...own.map((lever) => control(lever, false))))
    }
    return element(
      "aside",
      { "aria-label": this.say("policies") },
      policies,
      element("section", { id: "assumptions", "data-part": "levers" }, element("h2", { text: this.say("assumptions") }), element("p", { class: "hint", text: this.say("assumptions help") }), ...known.assumptions.map((one) => control(one, true))),
      this.files(),
    )
  }

  /** Show the levers whose titles hold some letters. */
  find(text, policies) {
    const sought = text.trim().toLowerCase()
    for (const lever of this.known.levers) {
      const words = [lever.title.zh, lever.title.en, lever.meaning[this.language], lever.section].join(" ").toLowerCase()
      this.controls.get(lever.constant).root.hidden = sought !== "" && !words.includes(sought)
    }
    for (const chapter of policies.querySelectorAll(".chapter")) chapter.hidden = [...chapter.querySelectorAll(".control")].every((one) => one.hidden)
  }

  results() {
    const { known, language } = this
    const section = (name, part, ...children) => element("section", { id: name, "data-part": part, "aria-labelledby": `${name}-title` }, element("h2", { id: `${name}-title`, text: this.say(name) }), ...children)
    this.legend = element("ul", { class: "legend" })
    this.ends = element("p", { class: "hint", id: "ends" })
    this.chartTable = element("tbody")
    const heads = ["year", "median", "p05", "p95", "baseline"].map((word) => element("th", { scope: "col", text: this.say(word) }))
    this.printed = element("div", { id: "printed" })
    return element(
      "div",
      { id: "results" },
      this.printed,
      section("guide", "results", this.guide.root),
      section("headline", "results", this.board.cards),
      section(
        "course",
        "results",
        choice("indicator", this.say("indicator"), known.indicators.map((one) => [one.variable, one.title[language]]), this.state.indicator, (indicator) => this.choose({ indicator })),
        this.legend,
        this.fan.root,
        this.ends,
        element("details", { class: "numbers" }, element("summary", { text: this.say("as table") }), element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": this.say("as table") }, element("table", {}, element("thead", {}, element("tr", {}, ...heads)), this.chartTable))),
      ),
      section("why", "results", this.why.root),
      section("board", "results", element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": `${this.say("board")} · ${this.say("as table")}` }, this.board.table)),
      section("districts", "results", this.districts.root),
      section("side", "compare", this.side.root),
    )
  }

  copyButton(id) {
    const button = element("button", {
      type: "button",
      id,
      text: this.say("copy link"),
      onclick: async () => {
        this.write()
        const link = window.location.href
        try {
          await navigator.clipboard.writeText(link)
        } catch {
          // Not from every file: the link is shown to be copied by hand.
          window.prompt(this.say("copy link"), link)
        }
        button.textContent = this.say("copied")
        setTimeout(() => (button.textContent = this.say("copy link")), 1500)
      },
    })
    return button
  }

  files() {
    const button = (id, word, act) => element("button", { type: "button", id, text: this.say(word), onclick: act })
    this.name = element("input", { type: "text", id: "name", maxlength: "60", autocomplete: "off", spellcheck: "false" })
    const load = element("input", { type: "file", id: "load", accept: ".yaml,.yml", onchange: () => this.load(load) })
    this.keptList = element("ul", { class: "kept" })
    return element(
      "section",
      { id: "files", "data-part": "files" },
      element("h2", { text: this.say("files") }),
      element("div", { class: "field" }, element("label", { for: "name", text: this.say("name") }), this.name),
      element("div", { class: "buttons" }, button("save", "save", () => this.save()), button("keep", "keep", () => this.keep())),
      this.keptList,
      element("div", { class: "field" }, element("label", { for: "load", text: this.say("load") }), load),
      element("div", { class: "buttons" }, this.copyButton("link"), button("picture", "chart", () => savePicture(this, this.fileName())), button("data", "data", () => saveFile(`${this.fileName()}.csv`, "text/csv", tableOf(this))), element("button", { type: "button", class: "only-narrow", text: this.say("print"), onclick: () => window.print() }), element("button", { type: "button", class: "only-narrow", text: `↺ ${this.say("reset")}`, onclick: () => this.take(settingOf(this.state.setting.base)) })),
      element("p", { class: "hint", text: this.say("brief hint") }),
    )
  }

  footer() {
    return element("footer", {}, ...this.footLines().map((text) => element("p", { text })))
  }

  footLines() {
    const facts = this.known.facts[this.state.evidence]
    return [this.say("foot", { model: facts.model_file, hash: facts.model_hash, members: this.known.evidence[this.state.evidence], evidence: this.state.evidence, seed: facts.seed })]
  }

  // Choosing

  comparable() {
    const shipped = Object.keys(this.known.scenarios).map((name) => [name, this.titleOf(name)])
    const kept = Object.keys(this.state.kept).map((name) => [name, this.titleOf(name)])
    return [...(Object.keys(this.state.setting.changes).length || this.state.compared.includes(UNSAVED) ? [[UNSAVED, this.say("page now")]] : []), ...shipped, ...kept]
  }

  /** Take over choices; `anew` where they need other outcomes. */
  choose(chosen, anew = false) {
    const byGuide = "setting" in chosen
    Object.assign(this.state, chosen)
    if (!byGuide && ("against" in chosen || "indicator" in chosen)) this.guide.leave()
    this.problems.hidden = true
    if (byGuide) this.restart()
    if ("compared" in chosen) this.side.offer()
    if (anew) this.ask()
    else {
      this.redraw()
      this.why.again()
    }
    this.later()
  }

  /** Fields that are not where the reader set them. */
  restart() {
    for (const [id, value] of Object.entries({ base: this.state.setting.base, indicator: this.state.indicator })) document.getElementById(id).value = value
    this.offer()
    for (const button of this.why.root.querySelectorAll(".segments button")) button.setAttribute("aria-pressed", String(button.textContent === String(this.state.year)))
  }

  begin(base) {
    const { setting } = this.state
    this.take(settingOf(base, setting.changes, setting.changes))
  }

  see(evidence) {
    this.state.evidence = evidence
    this.build()
    this.ask()
    this.later()
    document.getElementById("evidence").focus()
  }

  speak(language) {
    this.state.language = language
    const { roles, bands, complete } = this
    this.build()
    Object.assign(this, { roles, bands, complete })
    this.ask()
    this.later()
    document.getElementById("language").focus()
  }

  move(constant, part, value) {
    const free = this.known.assumptions.some((one) => one.constant === constant)
    this.take(this.settings.moved(this.state.setting, constant, part, value, free ? null : this.state.pace))
  }

  fix(constant, fixed, positions) {
    let { setting } = this.state
    if (fixed) for (const [part, value] of positions) setting = this.settings.moved(setting, constant, part, value, null)
    this.take(fixed ? setting : this.settings.putBack(setting, constant))
  }

  /** Take over a setting; what shows it follows. */
  take(setting) {
    const count = Object.keys(setting.changes).length
    if (count > MOST_CHANGES) {
      this.problem("file problem", this.both("changed many", { count, most: MOST_CHANGES }))
      return
    }
    this.state.setting = setting
    this.problems.hidden = true
    this.guide.leave()
    document.getElementById("base").value = setting.base
    this.offer()
    this.ask()
    this.later()
  }

  /** What can be compared with has changed. */
  offer() {
    const select = document.getElementById("against")
    const options = this.comparable().filter(([name]) => name !== UNSAVED)
    select.replaceChildren(...options.map(([value, text]) => element("option", { value, text })))
    select.value = this.state.against
    this.side.offer()
  }

  both(word, gaps) {
    const own = this.known.words[word]
    return Object.fromEntries(["zh", "en"].map((language) => [language, own[language].replace(/\{(\w+)\}/g, (_, name) => String(gaps[name]))]))
  }

  /** @param {{zh: string, en: string} | string} message */
  problem(kind, message) {
    const text = typeof message === "string" ? message : message[this.language]
    this.problems.textContent = this.say(kind, { message: text.slice(0, 4000) })
    this.problems.hidden = false
  }

  // Computing

  /** The changes of a scenario by its name here. */
  changesOf(name) {
    if (name === UNSAVED) return this.settings.changesOf(this.state.setting)
    const setting = this.state.kept[name] ?? settingOf(name)
    return this.settings.changesOf(setting)
  }

  /** What is to be run: the page's setting, what it is held against, and what stands beside. */
  wanted() {
    const page = this.changesOf(UNSAVED)
    const baseline = this.settings.baselineFor(page)
    const roles = [{ role: "page", title: this.pageTitle(), changes: page }]
    roles.push({ role: "baseline", title: this.say(baseline.length ? "modified baseline" : "baseline"), changes: baseline })
    if (this.state.against !== "baseline") roles.push({ role: "against", title: this.titleOf(this.state.against), changes: this.changesOf(this.state.against) })
    const sides = this.state.compared.map((name) => ({ role: `side ${name}`, name, title: name === UNSAVED ? this.say("page now") : this.titleOf(name), changes: this.changesOf(name) }))
    return [...roles, ...sides]
  }

  ask() {
    for (const [constant, control] of this.controls) control.show(this.settings.valueOf(this.state.setting, constant), constant in this.state.setting.changes)
    if (!this.shown) {
      this.offer()
      this.listKept()
    }
    this.status.dataset.state = "working"
    if (this.busy) {
      // The first redraw of the move before is on its way: what moves on meanwhile comes next, or nothing ever came.
      this.again = true
      return
    }
    this.why.stop()
    this.busy = true
    this.complete = false
    this.again = false
    this.why.wait()
    const { evidence } = this.state
    const wanted = this.wanted()
    const outcomes = wanted.map(({ changes }) => this.outcomes.of(evidence, changes))
    const roles = wanted.map((one, place) => ({ ...one, outcome: outcomes[place] }))
    if (!this.shown) this.tellStatus("loading", this.say("loading"))
    const settle = () => {
      this.busy = false
      return this.again
    }
    this.outcomes.ask(evidence, wanted.map(({ changes }) => changes), {
      first: (seconds) => {
        this.roles = roles
        const moved = settle()
        this.redraw(seconds)
        if (moved) this.ask()
      },
      all: (seconds) => {
        this.roles = roles
        this.complete = true
        const moved = settle()
        this.redraw(seconds)
        if (moved) this.ask()
        else this.explain()
      },
      failed: (error) => {
        const moved = settle()
        this.problem("cannot run", this.failure(error.message))
        this.tellStatus("failed", this.say("cannot run", { message: "" }))
        if (moved) this.ask()
      },
    })
  }

  /** What the engine says of a run that it gives no result of. */
  failure(message) {
    const left = /^Member \d+: (.+) is \S+ at time ([\d.]+)$/.exec(message)
    if (left) return this.say("run not finite", { name: (this.language === "zh" && this.known.constants[left[1]]?.term) || left[1], time: left[2] })
    return /^Member \d+ created or lost something/.test(message) ? this.say("run not balanced") : message
  }

  role(name) {
    return this.roles.find((one) => one.role === name) ?? this.roles.find((one) => one.role === "baseline")
  }

  explain() {
    const other = this.role("against")
    this.why.trace(other.changes, this.role("page").changes, other.title)
    this.guide.answer()
  }

  bandsOf(role) {
    return this.bands[role] ?? this.bands.baseline ?? this.bands.page
  }

  standing(role, target) {
    return this.role(role).outcome.judged(target, this.years, this.shownMembers)
  }

  starsOf(indicator) {
    const size = indicator.size[this.language]
    return this.known.targets.filter((target) => indicator.targets.includes(target.id)).map((target) => ({ year: target.year, height: (target.threshold * target.factor) / size }))
  }

  reading(rows, place) {
    if (!rows) return ""
    const [low, , middle, , high] = rows.map((row) => row[place])
    return this.say("reading", { year: this.years[place], median: digits(middle), low: digits(low, middle), high: digits(high, middle), unit: this.indicator.unit[this.language] })
  }

  // Drawing

  legendOf() {
    return this.roles.filter(({ role }) => role in COLOURS && (role !== "baseline" || this.role("page").outcome !== this.role("baseline").outcome)).map(({ role, title }) => ({ role, title }))
  }

  redraw(seconds = 0) {
    if (!this.roles) return
    this.shown = true
    const drawn = this.roles.filter(({ role }) => role in COLOURS)
    const members = this.outcomes.shared(this.state.evidence, drawn.map(({ outcome }) => outcome))
    this.shownMembers = members
    const { indicator, language } = this
    const size = indicator.size[language]
    this.bands = Object.fromEntries(drawn.map(({ role, outcome }) => [role, outcome.bands(indicator.variable, size, members)]))
    if (this.role("page").outcome === this.role("baseline").outcome) delete this.bands.baseline
    const stars = this.starsOf(indicator)
    this.fan.show(this.bands, stars)
    this.showLegend(stars)
    this.showEnds()
    const judged = (role) => new Map(this.known.targets.map((target) => [target.id, this.standing(role, target)]))
    this.board.show(judged("page"), judged(this.state.against === "baseline" ? "baseline" : "against"), this.role("page").title, this.role("against").title)
    this.districts.show(this.role("page").outcome, this.role("baseline").outcome, members)
    const sides = this.roles.filter(({ name }) => name)
    this.side.show(sides, this.outcomes.shared(this.state.evidence, sides.map(({ outcome }) => outcome)))
    this.showStatus(members.length, seconds)
    this.showPrinted()
    this.showGlance()
  }

  showLegend(stars) {
    const item = (kind, text) => element("li", {}, element("span", { class: `key ${kind}`, "aria-hidden": "true" }), text)
    this.legend.replaceChildren(...this.legendOf().map(({ role, title }) => item(role, title)), ...(stars.length ? [item("star", this.say("target star"))] : []))
  }

  showEnds() {
    const other = this.bands.against ?? this.bands.baseline ?? this.bands.page
    const title = this.bands.against || this.bands.baseline ? this.role("against").title : this.role("page").title
    const lines = [this.say("band")]
    for (const year of [2025, 2035]) {
      const at = this.years.indexOf(year)
      const [low, , middle, , high] = this.bands.page.map((row) => row[at])
      lines.push(this.say("ends", { year, median: digits(middle), low: digits(low, middle), high: digits(high, middle), base: digits(other[2][at], middle), unit: this.indicator.unit[this.language], other: title }))
    }
    this.ends.textContent = lines.join(" ")
    this.chartTable.replaceChildren(
      ...this.years.map((year, at) => {
        const values = [this.bands.page[2][at], this.bands.page[0][at], this.bands.page[4][at], (this.bands.baseline ?? this.bands.page)[2][at]]
        return element("tr", {}, element("th", { scope: "row", text: String(year) }), ...values.map((value) => element("td", { class: "number", text: digits(value, values[0]) })))
      }),
    )
  }

  tellStatus(kind, text) {
    this.status.textContent = text
    this.status.dataset.state = kind
  }

  showStatus(members, seconds) {
    const all = this.known.evidence[this.state.evidence]
    const kind = this.complete ? "complete" : "preliminary"
    let text = this.say(this.complete ? "complete" : "preliminary members", { members: all, exact: members })
    if (this.complete && seconds >= 0.005) text += ` ${this.say("took", { seconds: seconds.toFixed(2) })}`
    const assumed = this.role("baseline").changes.map((change) => this.constantTitle(change.constant))
    if (assumed.length) text += ` ⚠ ${this.say("modified baseline note", { names: assumed.join(this.say("comma")) })}`
    this.tellStatus(kind, text)
  }

  showPrinted() {
    const { setting } = this.state
    const changed = Object.keys(setting.changes).map((constant) => {
      const control = this.controls.get(constant)
      return `${this.constantTitle(constant)}${this.say("colon")}${control ? control.inWords(setting.changes[constant]) : ""}`
    })
    this.printed.replaceChildren(
      element("h1", { text: this.say("title") }),
      element("p", { text: `${this.role("page").title} · ${this.say("against")}${this.say("colon")}${this.role("against").title} · ${this.say("evidence to", { evidence: this.state.evidence })}` }),
      element("p", { text: changed.length ? shortened(`${this.say("changed here")}${this.say("colon")}${changed.join("; ")}`) : this.known.scenarios[setting.base].question[this.language] }),
    )
  }

  showGlance() {
    const target = this.known.targets.find((one) => one.headline && this.indicator.targets.includes(one.id)) ?? this.known.targets.find((one) => one.headline)
    const judged = this.standing("page", target)
    this.glance.textContent = `${target.title[this.language]} ${target.year}: ${digits(shownOf(target, judged.median, this.language))}${this.board.unitOf(target)} · ${this.say("probability")} ${judged.odds}`
  }

  forPrint(on) {
    document.body.classList.toggle("printing", on)
    if (this.fan.plot) this.fan.plot.setSize({ width: on ? 700 : Math.floor(this.fan.holder.clientWidth), height: on ? 205 : 320 })
  }

  // The address, files

  later() {
    clearTimeout(this.calm)
    this.calm = setTimeout(() => this.write(), CALM)
  }

  write() {
    const hash = toHash(this.state, this.known)
    this.written = hash
    const address = window.location.href.split("#")[0]
    history.replaceState(null, "", hash ? `${address}#${hash}` : address)
  }

  /** Somebody has put another link into the address. */
  follow() {
    const hash = window.location.hash.replace(/^#/, "")
    if (hash === this.written) return
    const { state, problems } = fromHash(hash, this.known, this.rules)
    this.state = state
    this.build()
    for (const problem of problems) this.problem("link problem", problem)
    this.ask()
  }

  named() {
    const name = this.name.value.trim()
    if (!name) this.problem("name wanted", "")
    else if (!mayBeCalled(name, this.known)) this.problem("name wrong", "")
    else if (!(name in this.state.kept) && Object.keys(this.state.kept).length >= MOST_KEPT) this.problem("saved many", this.say("saved many", { most: MOST_KEPT }))
    else return name
    return null
  }

  keep() {
    const name = this.named()
    if (name === null) return null
    this.state.kept[name] = this.state.setting
    this.problems.hidden = true
    this.listKept()
    this.offer()
    this.write()
    return name
  }

  listKept() {
    this.keptList.replaceChildren(
      ...Object.entries(this.state.kept).map(([name, setting]) =>
        element(
          "li",
          {},
          element("button", { type: "button", class: "plain", text: name, title: this.say("take up"), onclick: () => this.take(setting) }),
          element("button", {
            type: "button",
            class: "plain",
            text: "×",
            "aria-label": `${this.say("forget")}: ${name}`,
            onclick: () => {
              delete this.state.kept[name]
              this.state.compared = this.state.compared.filter((other) => other !== name)
              if (this.state.against === name) this.state.against = "baseline"
              this.listKept()
              this.offer()
              this.ask()
              this.later()
            },
          }),
        ),
      ),
    )
  }

  save() {
    const name = this.keep()
    if (name === null) return
    const text = this.settings.asYaml(this.state.setting, name)
    const { problem } = this.rules.read(text, `${name}.yaml`)
    if (problem) this.problem("file problem", problem)
    else saveFile(`${name}.yaml`, "application/yaml", text)
  }

  async load(input) {
    const [file] = input.files
    if (!file) return
    const own = (word, gaps) => this.problem("file problem", this.both(word, gaps))
    if (!/\.ya?ml$/.test(file.name)) own("file ending", { name: file.name })
    else if (file.size > MOST_FILE) own("file large", { name: file.name, size: file.size, most: MOST_FILE })
    else {
      const bytes = await file.arrayBuffer()
      let text = null
      try {
        text = new TextDecoder("utf-8", { fatal: true }).decode(bytes)
      } catch {
        own("file encoding", { name: file.name })
      }
      if (text !== null) this.taken(text, file.name)
    }
    // The same file can be chosen again.
    input.value = ""
  }

  taken(text, filename) {
    const read = this.rules.read(text, filename)
    if (read.problem) {
      this.problem("file problem", read.problem)
      return
    }
    const inherited = this.settings.inherited.get(read.base)
    const own = Object.fromEntries(Object.entries(read.changes).filter(([constant, value]) => JSON.stringify(inherited.get(constant)) !== JSON.stringify(value)))
    this.name.value = read.name
    this.take(settingOf(read.base, own, own))
  }

  fileName() {
    const { setting } = this.state
    const changed = Object.keys(setting.changes).length
    return `${this.known.city}_${setting.base}${changed ? `_${changed}_changed` : ""}_${this.language}`
  }
}

async function start() {
  const text = (id) => document.getElementById(id).textContent
  const known = JSON.parse(text("content"))
  const description = JSON.parse(text("engine"))
  const rules = new Rules(known)
  const { state, problems } = fromHash(window.location.hash, known, rules)
  const [wasm, ...draws] = await Promise.all([unpackedBytes(text("wasm")), ...Object.keys(known.evidence).map((seen) => unpackedBytes(text(`draws-${seen}`)))])
  const outputs = [...known.indicators, ...known.small].map((one) => one.variable)
  const years = Array.from({ length: known.years[1] - known.years[0] + 1 }, (_, place) => known.years[0] + place)
  // Compiled once, for all workers.
  const module = await WebAssembly.compile(wasm)
  const setup = () => ({
    module,
    description,
    draws: Object.fromEntries(Object.keys(known.evidence).map((seen, place) => [seen, draws[place].slice(0)])),
    described: known.draws,
    constants: known.constants,
    outputs,
    labels: years,
  })
  const count = Math.max(1, Math.min(MOST_WORKERS, navigator.hardwareConcurrency || 2))
  const pool = new Pool(text("worker"), setup, count)
  const page = new Page(known, pool, rules, state, problems)
  // For whoever opens the console, and for tests.
  window.livePage = page
  pool.ready.catch((error) => page.problem("cannot run", error.message))
}

start().catch((error) => {
  document.getElementById("page").textContent = `本页面无法运行 / This page cannot run: ${error.message}`
})
