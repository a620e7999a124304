// What each changed lever contributes to a difference: Shapley's value, as `analysis.comparison` computes it.
import { quantile } from "./numbers.js"

/**
 * The constants that two lists of changes set differently, those of the second first.
 * @param {any[]} first @param {any[]} second
 */
export function differing(first, second) {
  const one = new Map(first.map((change) => [change.constant, change]))
  const two = new Map(second.map((change) => [change.constant, change]))
  const text = (change) => JSON.stringify(change?.value ?? null)
  return [...new Set([...two.keys(), ...one.keys()])].filter((name) => text(one.get(name)) !== text(two.get(name)))
}

/** The first scenario with some levers as in the second; bit i of the mask is that of lever i. */
export function coalition(first, second, levers, mask) {
  const taken = new Set(levers.filter((_, bit) => Math.floor(mask / 2 ** bit) % 2 === 1))
  const own = first.filter((change) => !levers.includes(change.constant) || !taken.has(change.constant))
  const others = second.filter((change) => taken.has(change.constant))
  return [...own, ...others]
}

/** The coalitions whose worth is needed: all of few levers, else those that the orders pass through. */
export function neededMasks(count, orders) {
  if (!orders) return Array.from({ length: 2 ** count }, (_, mask) => mask)
  const masks = new Set([0, 2 ** count - 1])
  for (const order of orders) {
    let mask = 0
    for (const lever of order) {
      mask += 2 ** lever
      masks.add(mask)
    }
  }
  return [...masks].sort((a, b) => a - b)
}

/**
 * Contributions by lever and member, and the mean standard error of each from sampling orders.
 * @param {Map<number, Float64Array>} worth By coalition, one number for each member.
 * @param {number} count Levers. @param {number[][] | null} orders
 */
export function contributions(worth, count, orders) {
  const members = worth.get(0).length
  const added = (mask, lever) => worth.get(mask + 2 ** lever).map((value, member) => value - worth.get(mask)[member])
  if (!orders) return { parts: exactParts(added, count, members), error: 0 }
  const gains = Array.from({ length: count }, () => [])
  for (const order of orders) {
    let mask = 0
    for (const lever of order) {
      gains[lever].push(added(mask, lever))
      mask += 2 ** lever
    }
  }
  let error = 0
  const parts = gains.map((own) => {
    // Every second order is the one before it backwards; the errors are those of the means of such pairs.
    const pairs = []
    for (let place = 0; place < own.length; place += 2) pairs.push(own[place].map((value, member) => (value + own[place + 1][member]) / 2))
    const mean = new Float64Array(members).map((_, member) => pairs.reduce((sum, pair) => sum + pair[member], 0) / pairs.length)
    const errors = mean.map((middle, member) => {
      const variance = pairs.reduce((sum, pair) => sum + (pair[member] - middle) ** 2, 0) / (pairs.length - 1)
      return Math.sqrt(variance) / Math.sqrt(pairs.length)
    })
    error = Math.max(error, errors.reduce((sum, one) => sum + one, 0) / members)
    return mean
  })
  return { parts, error }
}

function exactParts(added, count, members) {
  const factorial = (number) => (number <= 1 ? 1 : number * factorial(number - 1))
  return Array.from({ length: count }, (_, lever) => {
    const sum = new Float64Array(members)
    for (let mask = 0; mask < 2 ** count; mask += 1) {
      if (Math.floor(mask / 2 ** lever) % 2 === 1) continue
      const size = mask.toString(2).replaceAll("0", "").length
      const weight = (factorial(size) * factorial(count - size - 1)) / factorial(count)
      added(mask, lever).forEach((value, member) => {
        sum[member] += value * weight
      })
    }
    return sum
  })
}

/** Mean and 90 percent interval of numbers. @param {Float64Array} values */
export function spreadOf(values) {
  const sorted = values.slice().sort()
  return { mean: values.reduce((sum, value) => sum + value, 0) / values.length, low: quantile(sorted, 0.05), high: quantile(sorted, 0.95) }
}
