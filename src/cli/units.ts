const BYTES: Readonly<Record<string, number>> = { '': 1, b: 1, kib: 1024, mib: 1024 ** 2, gib: 1024 ** 3 }
const MS: Readonly<Record<string, number>> = { '': 1, ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/** `64MiB`, `1.5GiB` or plain bytes; `undefined` for anything else. */
export function parseBytes(text: string): number | undefined {
  return parseUnit(text, BYTES)
}

/** `600s`, `10m`, `250ms` or plain milliseconds; `undefined` for anything else. */
export function parseDuration(text: string): number | undefined {
  return parseUnit(text, MS)
}

function parseUnit(text: string, units: Readonly<Record<string, number>>): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text.trim())
  const name = match?.[2]?.toLowerCase() ?? '-'
  const unit = Object.hasOwn(units, name) ? units[name] : undefined
  return match === null || unit === undefined ? undefined : Math.round(Number(match[1]) * unit)
}
