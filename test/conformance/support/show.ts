import type { Outcome } from './scene.ts'

/** What of an outcome is different from another one, in a line of a table. */
export function distinct(one: Outcome, other: Outcome): string {
  const parts = [...distinctLeaves(one.result, other.result, ''), ...distinctRequests(one.seen, other.seen)]
  return parts.length === 0 ? 'nothing' : parts.join('; ')
}

function distinctLeaves(one: unknown, other: unknown, path: string): string[] {
  if (JSON.stringify(one) === JSON.stringify(other)) return []
  if (isRecord(one) && isRecord(other)) {
    const keys = [...new Set([...Object.keys(one), ...Object.keys(other)])]
    return keys.flatMap((key) => distinctLeaves(one[key], other[key], key))
  }
  if (isRecord(one) && 'status' in one) return [`${String(one.status)}, ${code(one.text)}`]
  if (Array.isArray(one) && Array.isArray(other) && path !== 'headers') {
    const pairs = one.map((item, i) => [item, other[i]] as const)
    if (one.length === other.length) return pairs.flatMap(([mine, yours]) => distinctLeaves(mine, yours, ''))
  }
  const only = Array.isArray(one) && Array.isArray(other) ? one.filter((item) => !other.includes(item)) : one
  return [`${path === '' ? '' : `\`${path}\`: `}${shown(only)}`]
}

function distinctRequests(one: readonly unknown[], other: readonly unknown[]): string[] {
  if (JSON.stringify(one) === JSON.stringify(other)) return []
  if (one.length !== other.length) return [`${one.length} ${one.length === 1 ? 'request' : 'requests'}`]
  return one.filter((request) => !other.includes(request)).map(code)
}

function shown(value: unknown): string {
  if (!Array.isArray(value)) return code(value ?? 'none')
  return value.length === 0 ? 'none' : value.map(code).join(', ')
}

const MAX_LENGTH = 120

function code(value: unknown): string {
  const text = String(value).replace(/\s+/g, ' ').replaceAll('|', '\\|')
  return `\`${text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH)}…` : text}\``
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
