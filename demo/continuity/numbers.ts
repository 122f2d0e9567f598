const withCommas = new Intl.NumberFormat('en-US')

/** `2,213` */
export function count(value: number): string {
  return withCommas.format(value)
}

/** `2.2 K` */
export function thousands(tokens: number): string {
  return `${(tokens / 1000).toFixed(1)} K`
}

/** `225 KB`, of a thousand bytes each. */
export function kilobytes(bytes: number): string {
  return `${count(Math.round(bytes / 1000))} KB`
}
