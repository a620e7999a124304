// Numbers as the desk computes and writes them: quantiles like numpy, digits and shares like the Python commands.

/** The standard normal distribution at 0.975, of Wilson's interval. */
const WILSON = 1.959963984540054
/** A target is reached where its margin is not negative but for rounding. */
const ROUNDING = 1e-9

/**
 * A number with so many decimals; a tie goes to the even digit, as in Python.
 * @param {number} value
 * @param {number} digits
 */
export function fixed(value, digits) {
  const text = value.toFixed(digits)
  const scaled = value * 10 ** digits
  // Only a number that a double holds exactly can lie midway.
  if (Math.abs(scaled % 1) === 0.5 && scaled / 10 ** digits === value && Math.floor(scaled) % 2 === 0) {
    return (Math.floor(scaled) / 10 ** digits).toFixed(digits)
  }
  return text
}

/** @param {string} text Digits with a point, perhaps. */
function grouped(text) {
  const [whole, part] = text.split(".")
  const signed = whole.startsWith("-") ? ["-", whole.slice(1)] : ["", whole]
  const marked = signed[1].replace(/\B(?=(\d{3})+$)/g, ",")
  return signed[0] + marked + (part === undefined ? "" : `.${part}`)
}

/**
 * A number with as many digits as tell values apart that are a hundredth of a spread apart.
 * @param {number} value
 * @param {number} [spread]
 */
export function digits(value, spread) {
  const size = spread === undefined ? Math.abs(value) : Math.abs(spread)
  if (value === 0) return "0"
  return grouped(fixed(value, size >= 1000 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3))
}

/** A number as a person writes it, with four decimals at most. @param {number} value */
export function plainNumber(value) {
  return grouped(fixed(value, 4)).replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "")
}

/** Ten significant digits and no more, as Python writes them with ".10g". @param {number} value */
export function general(value, most = 10) {
  if (value === 0) return "0"
  const power = Math.floor(Math.log10(Math.abs(Number(value.toPrecision(most)))))
  if (power < -4 || power >= most) {
    const [front, exponent] = value.toExponential(most - 1).split("e")
    const short = front.includes(".") ? front.replace(/0+$/, "").replace(/\.$/, "") : front
    return `${short}e${exponent[0]}${exponent.slice(1).padStart(2, "0")}`
  }
  const text = value.toFixed(Math.max(0, most - 1 - power))
  return text.includes(".") ? text.replace(/0+$/, "").replace(/\.$/, "") : text
}

/**
 * Quantiles of values, linear between them as numpy has them.
 * @param {Float64Array} sorted In ascending order.
 * @param {number} level
 */
export function quantile(sorted, level) {
  const last = sorted.length - 1
  const at = last * level
  const before = Math.min(Math.floor(at), last)
  const after = Math.min(before + 1, last)
  const part = at - before
  const [low, high] = [sorted[before], sorted[after]]
  const step = high - low
  return part >= 0.5 ? high - step * (1 - part) : low + step * part
}

/** @param {number} number @param {number} members */
function wilsonHigh(number, members) {
  if (number === members) return 1
  const share = number / members
  const variance = (share * (1 - share)) / members
  const middle = (share + WILSON ** 2 / (2 * members)) / (1 + WILSON ** 2 / members)
  const half = (WILSON * Math.sqrt(variance + WILSON ** 2 / (4 * members ** 2))) / (1 + WILSON ** 2 / members)
  return middle + half
}

/**
 * A share of members in percent with its standard error; of none or all of them, the bound of its interval.
 * @param {number} number
 * @param {number} members
 */
export function shareInPercent(number, members) {
  const bound = general(100 * wilsonHigh(0, members), 2)
  if (number === 0) return `<${bound}%`
  if (number === members) return `>${general(100 - Number(bound), 4)}%`
  const share = (100 * number) / members
  const error = 100 * Math.sqrt(((number / members) * (1 - number / members)) / members)
  let decimals = 0
  while (decimals < 2 && error > 0 && (Number(fixed(error, decimals)) === 0 || Math.min(share, 100 - share) < 10 ** -decimals)) {
    decimals += 1
  }
  return `${fixed(share, decimals)}% ±${fixed(error, decimals)}`
}

/**
 * Read a path as the model does: linear between its years, held at its ends.
 * @param {number} at
 * @param {number[]} years
 * @param {ArrayLike<number>} values
 */
export function interpolated(at, years, values) {
  const last = years.length - 1
  if (at <= years[0]) return values[0]
  if (at >= years[last]) return values[last]
  let place = 0
  while (years[place + 1] <= at) place += 1
  if (years[place] === at) return values[place]
  const slope = (values[place + 1] - values[place]) / (years[place + 1] - years[place])
  return slope * (at - years[place]) + values[place]
}

/** A number that is shown in the model's unit, as a person would write it there. */
export function inModelUnit(shown, size) {
  return Number((shown * size).toPrecision(15))
}

/**
 * How members stand to a target at the end of its year, in the plan's unit.
 * @param {{factor: number, limit: number, comparison: string}} target
 * @param {Float64Array} values In the model's unit.
 */
export function judged(target, values) {
  const own = values.map((value) => value / target.factor)
  let reached = 0
  for (const value of own) {
    const better = value - target.limit
    reached += (target.comparison === "at most" ? -better : better) >= -ROUNDING ? 1 : 0
  }
  own.sort()
  const [low, median, high] = [0.05, 0.5, 0.95].map((level) => quantile(own, level))
  return { members: own.length, reached, low, median, high, odds: shareInPercent(reached, own.length) }
}
