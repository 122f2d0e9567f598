export interface Difference {
  readonly cases: readonly string[]
  readonly what: string
  readonly why: string
}

export const DIFFERENCES: readonly Difference[] = []

export function differenceOf(name: string): Difference | undefined {
  return DIFFERENCES.find(({ cases }) => cases.includes(name))
}
