/** A number of things in a sentence: `1 timer`, `3 timers`. */
export function counted(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? '' : 's'}`
}
