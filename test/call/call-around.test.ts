import { describe, expect, it } from 'vitest'
import type { CallOutcome } from '../../src/call/call.ts'
import type { AttemptRecord } from '../../src/errors/errors.ts'
import type { FleetCall } from '../../src/fleet-port/call-fleet.ts'
import { fake } from '../../src/testing/index.ts'
import { standIn } from '../support/typed.ts'
import { broken, call, DELTA, OK, url } from './call-rig.ts'

describe('a call that continues another one', () => {
  const earlier = [standIn<AttemptRecord>({ attempt: 1, outcome: 'answered', code: undefined })]

  it('counts its attempts and its times from the first of them', async () => {
    const r = call({ earlier, startedAt: 970, script: [fake.reset(), fake.respond(OK)] })
    await r.drain((await r.run()).value as CallOutcome)
    expect(r.of('call_start')).toMatchObject([{ atMs: 30 }])
    expect(r.call.attempts.map(({ attempt, outcome }) => [attempt, outcome])).toEqual([
      [1, 'answered'],
      [2, 'failed'],
      [3, 'committed'],
    ])
    expect(r.of('attempt_start').map(({ attempt, atMs }) => [attempt, atMs])[0]).toEqual([2, 30])
    // Its end counts its own.
    expect(r.of('call_end')).toMatchObject([{ attempts: 2 }])
    r.over('completed')
  })

  it('with a start that is given counts its times from its beginning', async () => {
    const r = call({ startedAt: 970 })
    await r.drain((await r.run()).value as CallOutcome)
    expect(r.of('call_start')).toMatchObject([{ atMs: 0 }])
  })
})

describe('before anything is sent', () => {
  it('the fleet of the client is joined, and the owner of the response is asked for', async () => {
    for (const what of ['arrive', 'findOwner'] as const) {
      let ready = (): void => {}
      const wait = () => new Promise<void>((resolve) => (ready = resolve))
      const r = call(what === 'arrive' ? { fleet: { arrive: wait, heldMs: () => 0 } } : { findOwner: wait, target: {} })
      const running = r.call.run()
      await r.clock.settle()
      expect([what, r.transport.requests.length]).toEqual([what, 0])
      ready()
      expect((await r.settled(running)).value?.attempt.number).toBe(1)
    }
  })
})

describe('a fleet', () => {
  it('hears what an endpoint asks for, of each attempt', async () => {
    const told: unknown[][] = []
    const fleet = {
      arrive: () => undefined,
      heldMs: () => 0,
      pushedBack: (of: FleetCall, ...more: unknown[]) => told.push([of.origin, ...more]),
    }
    const r = call({ fleet, script: [fake.status(429, { headers: { 'retry-after-ms': '70' } }), fake.respond(OK)] })
    await r.run()
    expect(told).toEqual([[url.origin, url.origin, 70]])
  })

  it('makes a call wait before each attempt while an endpoint is held', async () => {
    const held = [0, 500, 0]
    const fleet = { arrive: () => undefined, pushedBack: () => {}, heldMs: () => held.shift() ?? 0 }
    const r = call({ fleet, script: [fake.reset(), fake.respond(OK)] })
    await r.run()
    expect(r.clock.now()).toBeGreaterThanOrEqual(1500)
  })
})

describe('a call whose attempt broke after the commit', () => {
  const begun = async (given: Parameters<typeof call>[0]) => {
    const r = call({ restartable: true, ...given })
    const outcome = (await r.run()).value as CallOutcome
    await r.drain(outcome)
    return { ...r, attempt: outcome.attempt }
  }
  const failedOf = ({ failed }: CallOutcome['attempt']) => failed as NonNullable<typeof failed>

  it('has ended when its reader comes after staleMs, and throws that it came too late', async () => {
    const r = await begun({ script: [broken, fake.respond(OK)], staleMs: 5000 })
    await r.clock.advance(4999)
    expect(r.count.ended).toBe(0)
    await r.clock.advance(1)
    r.over('failed', 'connection_reset')
    const { error } = await r.settled(r.call.restart(r.attempt, failedOf(r.attempt)))
    expect(error).toMatchObject({ code: 'connection_reset', giveUpReason: 'deadline_exceeded' })
    expect((error as Error).message).toContain('The stream was not read for timeouts.staleMs')
    expect(r.transport.requests).toHaveLength(1)
  })

  it('does not end at staleMs if its reader has come before', async () => {
    const r = await begun({ script: [broken, [fake.delay(50), fake.respond(OK)]], staleMs: 5000 })
    await r.clock.advance(4990)
    const running = r.call.restart(r.attempt, failedOf(r.attempt))
    const { value } = await r.settled(running)
    expect(r.clock.now()).toBeGreaterThan(6000)
    await r.drain(value as CallOutcome)
    r.over('completed')
  })

  it('hands over what the endpoint itself said if no attempt is left, and has failed', async () => {
    const failed = fake.event({ type: 'response.failed', response: { id: 'r', error: { code: 'server_error' } } })
    const r = await begun({ script: [[fake.head(200), DELTA, failed, fake.eof()]], maxRetries: 0 })
    const { value } = await r.settled(r.call.restart(r.attempt, failedOf(r.attempt)))
    expect(value).toMatchObject({ attempt: { number: 1 }, gaveUp: { reason: 'retries_exhausted' } })
    r.over('failed', 'response_failed')
  })
})

it('an error shows the id of the response, unless an endpoint made it from a credential', async () => {
  const created = fake.event({ type: 'response.created', response: { id: 'resp_1' } })
  const r = call({ script: [[fake.head(200), created, fake.reset()]], maxRetries: 0 })
  const { error } = await r.run()
  expect(Object.keys(error as object)).toContain('responseId')
})
