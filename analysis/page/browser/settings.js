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
    rows.forEach((row, element) => inputs.push({ name, element: index(constants[name], element), values: picked(row, members) }))
  }
  for (const change of changes) inputs.push(...changeInputs(change, ensemble, members, constants[change.constant]))
  return inputs
}

function index(constant, element) {
  return constant.axes ? element : null
}

/** @param {Float64Array} row @param {Int32Array} members */
function picked(row, members) {
  return Float64Array.from(members, (member) => row[member])
}

function changeInputs(change, ensemble, members, constant) {
  const name = change.constant
  const courses = coursesOf(change.value, constant)
  const own = ensemble.drawn.get(name) ?? constant.default.map((value) => value)
  const alone = (element) => (typeof own[element] === "number" ? [own[element]] : own[element])
  const same = courses.every((course, element) => alone(element).every((value) => value === at(course, START)))
  return courses.map((course, element) => {
    const place = index(constant, element)
    if (constant.at_once || constant.default === null || same) {
      return { name, element: place, values: typeof course === "number" ? course : { times: course.years, values: course.numbers } }
    }
    const later = typeof course === "number" ? [] : course.years.map((year, knot) => [year, course.numbers[knot]]).filter(([year]) => year > START + JUMP)
    const times = [START, START + JUMP, ...later.map(([year]) => year)]
    const after = [at(course, START + JUMP), ...later.map(([, number]) => number)]
    const before = own[element]
    const values = [typeof before === "number" ? before : picked(before, members), ...after]
    return { name, element: place, values: { times, values } }
  })
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
