// A scenario's changes as inputs of the engine, member by member: what a scenario sets holds from the start of 2021 on.
import { interpolated } from "./numbers.js"

/** The end of 2020, and the years until what a scenario sets is in force: less than any time step. */
const START = 2020
const JUMP = 1e-3

/**
 * @typedef {number | {path: [number, number][]} | {by: Record<string, number | {path: [number, number][]}>}} Value
 * @typedef {{constant: string, value: Value, policy: boolean}} Change
 * @typedef {{drawn: Map<string, Float64Array[]>, members: number}} Ensemble
 */

/**
 * The members of an ensemble out of bytes: numbers by constant and element, factors multiplied out.
 * @param {{constants: {name: string, drawn: number, elements: number, factor: boolean}[], members: number}} described
 * @param {Float32Array} content
 * @param {Record<string, any>} constants
 * @returns {Ensemble}
 */
export function unpackedEnsemble(described, content, constants) {
  const drawn = new Map()
  let place = 0
  for (const one of described.constants) {
    const rows = []
    for (let element = 0; element < one.drawn; element += 1) {
      rows.push(Float64Array.from(content.subarray(place, place + described.members)))
      place += described.members
    }
    const wide = []
    for (let element = 0; element < one.elements; element += 1) {
      const row = rows[one.drawn === 1 ? 0 : element]
      const usual = constants[one.name].default[element]
      wide.push(one.factor ? row.map((value) => value * usual) : row)
    }
    drawn.set(one.name, wide)
  }
  return { drawn, members: described.members }
}

/**
 * What the engine is told for some members.
 * @param {Change[]} changes
 * @param {Ensemble} ensemble
 * @param {Int32Array} members
 * @param {Record<string, any>} constants
 */
export function engineInputs(changes, ensemble, members, constants) {
  const changed = new Set(changes.map((change) => change.constant))
  const inputs = []
  for (const [name, rows] of ensemble.drawn) {
    if (changed.has(name)) continue
    // Member by member, and the elements of each side by side.
    const numbers = new Float64Array(members.length * rows.length)
    rows.forEach((row, element) => members.forEach((member, place) => (numbers[place * rows.length + element] = row[member])))
    inputs.push({ name, values: constants[name].axes ? { elements: numbers } : numbers })
  }
  for (const change of changes) inputs.push(changeInput(change, ensemble, members, constants[change.constant]))
  return inputs
}

/** What a change is to the engine: at the start a constant is what it is in each member, the next moment the scenario's. */
function changeInput(change, ensemble, members, constant) {
  const name = change.constant
  const courses = coursesOf(change.value, constant)
  const drawn = ensemble.drawn.get(name)
  const own = drawn ?? constant.default ?? []
  const everyone = (element) => (drawn ? drawn[element] : [constant.default[element]])
  const moving = courses.flatMap((one) => (typeof one === "number" ? [] : one.years))
  const years = [...new Set(moving)].sort((a, b) => a - b)
  const atOnce = constant.at_once || constant.default === null
  if (atOnce || courses.every((one, element) => everyone(element).every((value) => value === at(one, START)))) {
    if (!years.length) return { name, values: constant.axes ? { elements: Float64Array.from(courses) } : courses[0] }
    const values = Float64Array.from(years.flatMap((year) => courses.map((one) => at(one, year))))
    return { name, values: constant.axes ? { times: years, elements: values } : { times: years, values } }
  }
  const times = [START, START + JUMP, ...years.filter((year) => year > START + JUMP)]
  const after = times.slice(1).flatMap((year) => courses.map((one) => at(one, year)))
  const some = drawn ? Array.from(members) : [0]
  const values = Float64Array.from(some.flatMap((member) => [...courses.map((_, element) => (drawn ? own[element][member] : own[element])), ...after]))
  return { name, values: constant.axes ? { times, elements: values } : { times, values } }
}

/** A number, or a path as years and numbers, for each element of a constant. */
function coursesOf(value, constant) {
  const count = constant.default === null ? constant.axes.reduce((many, axis) => many * axis.length, 1) : constant.default.length
  if (typeof value === "number") return Array(count).fill(value)
  if ("path" in value) return Array(count).fill(course(value))
  const parts = constant.axes[0].map((element, place) => value.by[element] ?? constant.default[place])
  const years = [...new Set(parts.flatMap((part) => (typeof part === "number" ? [] : part.path.map(([year]) => year))))].sort((a, b) => a - b)
  if (!years.length) return parts
  // Paths of elements lie on the same years, linear in between.
  return parts.map((part) => (typeof part === "number" ? part : { years, numbers: years.map((year) => at(course(part), year)) }))
}

function course(value) {
  return { years: value.path.map(([year]) => year), numbers: value.path.map(([, number]) => number) }
}

function at(one, year) {
  return typeof one === "number" ? one : interpolated(year, one.years, one.numbers)
}
