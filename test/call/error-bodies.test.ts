import { describe, expect, it } from 'vitest'
import { attempted } from './attempt-rig.ts'

const OFF = { ms: 0, source: 'option' }
const HEAD = { status: 400, statusText: 'Bad Request', headers: [['content-type', 'application/json']] } as const

describe('the body of an error status', () => {
  it('that never ends is awaited for 5 s, and the status decides', async () => {
    const a = attempted({ limits: { ttfb: OFF, idle: OFF, progress: OFF, stale: OFF } })
    a.reports.sent()
    a.reports.head(HEAD)
    a.reports.data(new TextEncoder().encode('{"error":{"message":"bad"'))
    await a.clock.advance(4999)
    expect(a.attempt.ended).toBe(false)
    await a.clock.advance(1)
    expect(a.attempt.failed).toMatchObject({ code: 'http_status', status: 400, lane: undefined })
    expect(a.attempt.record).toMatchObject({ outcome: 'answered' })
    a.clock.assertNothingPending()
  })

  it('that breaks off leaves the status as it was', () => {
    const a = attempted()
    a.reports.sent()
    a.reports.head(HEAD)
    a.reports.error(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }))
    expect(a.attempt.failed).toMatchObject({ code: 'http_status', status: 400, lane: undefined })
  })
})
