/** Makes an element. Texts are added as texts, never as markup: they come from endpoints. */
export function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  className = '',
  ...children: ReadonlyArray<Node | string>
): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name)
  if (className !== '') made.className = className
  made.append(...children)
  return made
}

/** An element of the page that is always there. */
export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  return document.getElementById(id) as T
}

/** `12 345`. */
export function grouped(count: number): string {
  return count.toLocaleString('en').replaceAll(',', '\u202f')
}

/** `98.7 %`, and never `100 %` of less than all. */
export function percent(part: number, whole: number): string {
  if (part === whole) return '100 %'
  return `${Math.min(99.9, (part / whole) * 100).toFixed(1)} %`
}
