// How far one step of a slider goes.

const STEPS = 100

/** A round number that takes a hundred steps or a few more from end to end. @param {number} span */
export function stepOf(span) {
  const exact = span / STEPS
  const power = 10 ** Math.floor(Math.log10(exact) + 1e-9)
  return Number(([5, 2, 1].find((factor) => factor * power <= exact * (1 + 1e-9)) * power).toPrecision(3))
}
