const PARTS = new Intl.DateTimeFormat('en-GB', {
  timeZone: 'UTC',
  weekday: 'short',
  day: '2-digit',
  month: 'short',
  year: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
})

/** An instant as headers say it, e.g. `Thu, 01 Jan 2026 00:00:09 GMT`. Milliseconds are cut off. */
export function httpDate(epochMs: number): string {
  const parts = PARTS.formatToParts(epochMs)
  const part = (type: string): string => parts.find((found) => found.type === type)?.value ?? ''
  const time = `${part('hour')}:${part('minute')}:${part('second')}`
  return `${part('weekday')}, ${part('day')} ${part('month').slice(0, 3)} ${part('year')} ${time} GMT`
}
