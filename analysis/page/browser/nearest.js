// The known name that resembles a mistyped one most, found as Python's difflib finds it.

function longestMatch(a, b, places, [fromA, toA, fromB, toB]) {
  let [besti, bestj, bestsize] = [fromA, fromB, 0]
  let lengths = new Map()
  for (let i = fromA; i < toA; i += 1) {
    const next = new Map()
    for (const j of places.get(a[i]) ?? []) {
      if (j < fromB) continue
      if (j >= toB) break
      const size = (lengths.get(j - 1) ?? 0) + 1
      next.set(j, size)
      if (size > bestsize) [besti, bestj, bestsize] = [i - size + 1, j - size + 1, size]
    }
    lengths = next
  }
  return [besti, bestj, bestsize]
}

/** How alike two texts are, from 0 to 1. @param {string} first @param {string} second */
export function likeness(first, second) {
  const [a, b] = [[...first], [...second]]
  if (!a.length && !b.length) return 1
  const places = new Map()
  b.forEach((sign, place) => places.set(sign, [...(places.get(sign) ?? []), place]))
  const open = [[0, a.length, 0, b.length]]
  let matched = 0
  while (open.length) {
    const range = open.pop()
    const [i, j, size] = longestMatch(a, b, places, range)
    if (!size) continue
    matched += size
    if (range[0] < i && range[2] < j) open.push([range[0], i, range[2], j])
    if (i + size < range[1] && j + size < range[3]) open.push([i + size, range[1], j + size, range[3]])
  }
  return (2 * matched) / (a.length + b.length)
}

/** The name most like a word, or null where none is. @param {string} word @param {Iterable<string>} names */
export function closest(word, names) {
  let best = null
  let score = 0.6
  for (const name of names) {
    const own = likeness(name, word)
    if (own > score || (own === score && (best === null || name > best))) {
      best = name
      score = own
    }
  }
  return best
}
