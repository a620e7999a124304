// Elements of the page. Texts are always set as texts, so nothing out of a file or a link becomes part of the page.

/**
 * An element with attributes and children; "on" attributes are listeners, `text` is its text.
 * @param {string} tag @param {Record<string, any>} [attributes] @param {...(Node | string | null | false)} children
 * @returns {any}
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue
    if (name === "text") made.textContent = value
    else if (name.startsWith("on")) made.addEventListener(name.slice(2), value)
    else if (["value", "checked", "disabled", "hidden", "open", "min", "max", "step"].includes(name)) made[name] = value
    else made.setAttribute(name, value === true ? "" : value)
  }
  made.append(...children.filter((child) => child !== null && child !== false && child !== undefined))
  return made
}

const DRAWING = "http://www.w3.org/2000/svg"

/** An element of a drawing. @returns {any} */
export function drawn(tag, attributes = {}, ...children) {
  const made = document.createElementNS(DRAWING, tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "text") made.textContent = value
    else if (name.startsWith("on")) made.addEventListener(name.slice(2), value)
    else made.setAttribute(name, value)
  }
  made.append(...children.filter(Boolean))
  return made
}

/** A choice of one of a list. @param {[string, string][]} options Value and title. */
export function choice(id, title, options, value, chosen) {
  const select = element("select", { id, onchange: () => chosen(select.value) })
  for (const [own, text] of options) select.append(element("option", { value: own, text }))
  select.value = value
  return element("div", { class: "field" }, element("label", { for: id, text: title }), select)
}

/** A group of buttons of which one is pressed. */
export function segments(title, options, value, chosen) {
  const group = element("div", { class: "segments", role: "group", "aria-label": title })
  for (const [own, text] of options) {
    const button = element("button", {
      type: "button",
      text,
      "aria-pressed": String(own === value),
      onclick: () => {
        for (const other of group.children) other.setAttribute("aria-pressed", String(other === button))
        chosen(own)
      },
    })
    group.append(button)
  }
  return group
}

/** Have the browser save a file. @param {string} name @param {string} kind @param {BlobPart} content */
export function saveFile(name, kind, content) {
  const address = URL.createObjectURL(new Blob([content], { type: kind }))
  const link = element("a", { href: address, download: name })
  document.body.append(link)
  link.click()
  link.remove()
  setTimeout(() => URL.revokeObjectURL(address), 20_000)
}
