import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Transport } from '../../src/transport/transport.ts'
import { fetched, posting, Recorder, type RequestPart, type Sent, send } from '../support/recorder.ts'
import { turns, within } from '../support/until.ts'

/** What an endpoint does with a request, by the path of its address. */
export type Behaviour =
  /** 200, `x-test: Yes`, and a body of `one`, `two`, `three`. */
  | 'answer'
  /** Never answers. */
  | 'silent'
  /** Status and headers, then silence. */
  | 'head'
  /** Status, headers and `one`, then silence. */
  | 'part'
  /** Status, headers and `one`, and the rest of the body a little later. */
  | 'late'
  /** Status, headers and `one`, then the connection is reset. */
  | 'cut'
  /** A body without end. */
  | 'endless'

export interface ReceivedRequest {
  readonly method: string
  readonly headers: ReadonlyArray<readonly [name: string, value: string]>
  readonly body: Uint8Array
}

/** A transport under test, and the endpoint it talks to. */
export interface Rig {
  readonly transport: Transport
  /** The origin of the endpoint. */
  readonly origin: string
  /** What reached the endpoint, in order. */
  received(): readonly ReceivedRequest[]
  /** Ends the endpoint, after the transport has ended. @throws when something of the transport's is left. */
  close(): Promise<void>
}

export const BODY = 'onetwothree'

/** What every transport promises, whatever it is made of. */
export function transportContract(name: string, makeRig: () => Rig | Promise<Rig>): void {
  describe(`the transport port, on ${name}`, () => {
    let rig: Rig
    let sent: Sent[]

    beforeEach(async () => {
      rig = await makeRig()
      sent = []
    })

    afterEach(async () => {
      await rig.transport.destroy()
      await turns()
      for (const { recorder } of sent) recorder.assertOrderly()
      expect(rig.transport.stats()).toMatchObject({ connections: 0, idleConnections: 0, leases: 0, clients: 0 })
      await rig.close()
    })

    const ask = (behaviour: Behaviour, part?: RequestPart, recorder?: Recorder): Sent => {
      const one = send(rig.transport, `${rig.origin}/${behaviour}`, part, recorder)
      sent.push(one)
      return one
    }
    const get = (behaviour: Behaviour, part?: RequestPart) => fetched(rig.transport, `${rig.origin}/${behaviour}`, part)

    describe('an exchange', () => {
      it('reports its steps in order, nothing before send has returned, and nothing after its end', async () => {
        const { recorder } = ask('answer')
        expect(recorder.reports).toEqual([])
        await recorder.ended()
        await turns()
        const { seesConnect, seesSent } = rig.transport.abilities
        if (seesConnect) expect(recorder.steps.slice(0, 2)).toEqual(['connecting', 'connected'])
        if (seesSent) expect(recorder.steps).toContain('sent')
        expect(recorder.steps.slice(-3)).toEqual(['head', 'data', 'end'])
      })

      it('hands over status, headers with lower-case names, and the bytes of the body', async () => {
        const { answer, text, header } = await get('answer').then((recorder) => ({
          answer: recorder.answer,
          text: recorder.text,
          header: recorder.header('x-test'),
        }))
        expect(answer?.status).toBe(200)
        expect(header).toBe('Yes')
        expect(text).toBe(BODY)
      })

      it('reports a failure once, after what came before it', async () => {
        const { recorder } = ask('cut')
        await recorder.settled()
        expect(recorder.text).toBe('one')
        expect(recorder.failure).toBeInstanceOf(Error)
        expect(recorder.steps.slice(-3)).toEqual(['head', 'data', 'error'])
      })

      it('reports what address the connection is made to, and whether it was used before, if it sees connections', async () => {
        const first = await get('answer')
        await turns()
        const second = await get('answer')
        if (!rig.transport.abilities.seesConnect) {
          expect(first.info).toBeUndefined()
          return
        }
        expect(first.info).toMatchObject({ generation: 1, reused: false, connectionId: expect.any(Number) })
        expect(second.info).toEqual({ ...first.info, reused: true })
        expect(second.has('connecting')).toBe(false)
      })

      it('runs beside others without touching them', async () => {
        const many = Array.from({ length: 20 }, (_, n) => ask(n % 2 === 0 ? 'answer' : 'part'))
        for (const [n, { recorder }] of many.entries()) {
          await (n % 2 === 0 ? recorder.ended() : recorder.until('data'))
        }
        for (const [n, one] of many.entries()) if (n % 2 === 1) one.destroy()
        expect(many.filter(({ recorder }) => recorder.text === BODY)).toHaveLength(10)
      })
    })

    describe('a request', () => {
      it('goes out with its method, headers and bytes', async () => {
        await get('answer', { ...posting('{"a":1}'), headers: [['x-mine', 'Ja, so']] })
        const [request] = rig.received()
        expect(request?.method).toBe('POST')
        expect(new Map(request?.headers).get('x-mine')).toBe('Ja, so')
        expect(Buffer.from(request?.body ?? []).toString()).toBe('{"a":1}')
      })

      it('with a body in pieces goes out whole; the body is opened once', async () => {
        let opened = 0
        const pieces = Array.from({ length: 30 }, (_, n) => Buffer.alloc(10_000, n))
        const open = async function* () {
          opened++
          yield* pieces
        }
        await get('answer', { method: 'POST', body: { kind: 'stream', replayable: true, length: 300_000, open } })
        expect(opened).toBe(1)
        expect(Buffer.compare(Buffer.from(rig.received()[0]?.body ?? []), Buffer.concat(pieces))).toBe(0)
      })

      it('whose body fails is reported as the caller’s failure, not the connection’s', async () => {
        const open = async function* () {
          yield Buffer.from('half')
          throw new Error('disk on fire')
        }
        const { recorder } = ask('answer', {
          method: 'POST',
          body: { kind: 'stream', replayable: false, length: undefined, open },
        })
        await recorder.settled()
        expect(codesOf(recorder.failure)).toContain('ERR_RESILIENT_BODY')
      })
    })

    describe('after destroy()', () => {
      it('nothing is reported, at whatever point it comes', async () => {
        const points: Array<[Behaviour, (recorder: Recorder) => Promise<void>]> = [
          ['silent', async () => {}],
          ['silent', () => turns(1)],
          ['silent', () => turns(5)],
          ['head', (recorder) => recorder.until('head')],
          ['part', (recorder) => recorder.until('data')],
          ['endless', (recorder) => recorder.until(() => recorder.count('data') > 2, 'some data')],
          ['answer', (recorder) => recorder.until('head')],
        ]
        for (const [behaviour, reached] of points) {
          const one = ask(behaviour)
          await reached(one.recorder)
          one.destroy()
          one.destroy()
          one.exchange.drain()
          one.exchange.pause()
          one.exchange.resume()
          await turns(5)
          expect(rig.transport.stats().leases).toBe(0)
        }
      })

      it.each(['connecting', 'connected', 'sending', 'sent', 'head', 'data'] as const)(
        'nothing is reported, also when it comes from inside `%s`',
        async (step) => {
          const { seesConnect, seesSent } = rig.transport.abilities
          const isSeen = step.startsWith('connect') ? seesConnect : !step.startsWith('sen') || seesSent
          if (!isSeen) return
          const recorder = new Recorder()
          let one: Sent | undefined
          recorder.once(step, () => one?.destroy())
          const pieces = async function* () {
            for (let i = 0; i < 8; i++) {
              yield Buffer.alloc(50_000)
              await turns(1)
            }
          }
          const body = { kind: 'stream', replayable: true, length: 400_000, open: pieces } as const
          one = ask('answer', { method: 'POST', body }, recorder)
          await recorder.until(step)
          await turns(5)
          expect(recorder.reports.at(-1)).toBe(step)
          expect(rig.transport.stats().leases).toBe(0)
        },
      )

      it('does nothing when the exchange had ended already', async () => {
        const { recorder, exchange } = ask('answer')
        await recorder.ended()
        exchange.destroy()
        exchange.drain()
        await turns()
        expect(recorder.reports.at(-1)).toBe('end')
      })
    })

    describe('after drain()', () => {
      it('nothing is reported, and the lease ends soon', async () => {
        for (const behaviour of ['silent', 'head', 'part', 'late', 'endless', 'answer'] as const) {
          const one = ask(behaviour)
          if (behaviour !== 'silent') await one.recorder.until('head')
          one.drain()
          one.exchange.drain()
        }
        await rig.transport.close()
        expect(rig.transport.stats().leases).toBe(0)
      })

      it('a body that ends cleanly leaves its connection to the next, where connections can be seen', async () => {
        const one = ask('late')
        await one.recorder.until('data')
        one.drain()
        await waitFor(() => rig.transport.stats().leases === 0)
        await turns()
        const { info } = await get('answer')
        if (rig.transport.abilities.seesConnect) expect(info).toEqual({ ...one.recorder.info, reused: true })
      })

      it('destroy() ends at once what is still being read', async () => {
        const one = ask('part')
        await one.recorder.until('data')
        one.drain()
        one.destroy()
        expect(rig.transport.stats().leases).toBe(0)
      })
    })

    describe('pause()', () => {
      it('stops the flow, but for what was under way, until resume()', async () => {
        const one = ask('endless')
        await one.recorder.until(() => one.recorder.count('data') > 2, 'some data')
        one.exchange.pause()
        await turns(2)
        const before = one.recorder.count('data')
        await waitFor(() => true, 60)
        expect(one.recorder.count('data')).toBeLessThanOrEqual(before + 1)
        one.exchange.resume()
        await one.recorder.until(() => one.recorder.count('data') > before + 3, 'more data')
        one.destroy()
      })

      it('called many times loses nothing', async () => {
        const recorder = new Recorder()
        const one = ask('late', {}, recorder)
        for (let i = 0; !recorder.over; i++) {
          one.exchange.pause()
          if (i % 3 === 0) one.exchange.pause()
          await turns(1)
          one.exchange.resume()
          await turns(1)
        }
        expect(recorder.failure).toBeUndefined()
        expect(recorder.text).toBe(BODY)
      })

      it('before there is an answer holds its body back', async () => {
        const one = ask('endless')
        one.exchange.pause()
        await waitFor(() => true, 60)
        expect(one.recorder.count('data')).toBeLessThanOrEqual(1)
        one.exchange.resume()
        await one.recorder.until(() => one.recorder.count('data') > 3, 'more data')
        one.destroy()
      })

      it('does not keep a body from being destroyed', async () => {
        const one = ask('endless')
        await one.recorder.until('data')
        one.exchange.pause()
        one.destroy()
        expect(rig.transport.stats().leases).toBe(0)
      })
    })

    describe('poison()', () => {
      it('ends nothing, but the next exchange gets another client, where there are clients', async () => {
        const poisoned = ask('late')
        const sibling = ask('late')
        await Promise.all([poisoned.recorder.until('head'), sibling.recorder.until('head')])
        poisoned.exchange.poison('a test')
        poisoned.exchange.poison('a test again')
        const next = await get('answer')
        await Promise.all([poisoned.recorder.ended(), sibling.recorder.ended()])
        expect([poisoned.recorder.text, sibling.recorder.text]).toEqual([BODY, BODY])
        if (rig.transport.abilities.seesConnect) expect(next.info).toMatchObject({ generation: 2, reused: false })
        poisoned.exchange.poison('late')
        expect((await get('answer')).info?.generation).toBe(next.info?.generation)
      })

      it('is told to those who observe', async () => {
        const told: string[] = []
        const unsubscribe = rig.transport.observe?.(({ type, generation }) => told.push(`${type} ${generation}`))
        if (unsubscribe === undefined) return
        const one = ask('part')
        await one.recorder.until('data')
        one.exchange.poison('a test')
        one.destroy()
        expect(told.filter((event) => !event.includes('evicted'))).toEqual([
          'client_created 1',
          'client_poisoned 1',
          'client_destroyed 1',
        ])
        unsubscribe()
        await get('answer')
        expect(told.filter((event) => event.endsWith('2'))).toEqual([])
      })
    })

    describe('connection: fresh', () => {
      it('never takes a connection that carried a request, where the transport can choose', async () => {
        if (!rig.transport.abilities.choosesConnection) return
        await get('answer')
        await turns()
        const fresh = await get('answer', { connection: 'fresh' })
        expect(fresh.info?.reused).toBe(false)
      })
    })

    describe('stats()', () => {
      it('counts the exchanges that hold a lease', async () => {
        const many = [ask('part'), ask('part'), ask('part')]
        for (const { recorder } of many) await recorder.until('data')
        expect(rig.transport.stats().leases).toBe(3)
        many[0]?.destroy()
        expect(rig.transport.stats().leases).toBe(2)
        for (const one of many) one.destroy()
        expect(rig.transport.stats().leases).toBe(0)
      })
    })

    describe('close()', () => {
      it('lets what is under way finish, and resolves when nothing is left', async () => {
        const under = ask('late')
        await under.recorder.until('head')
        await within(rig.transport.close(), 'close()')
        expect(under.recorder.text).toBe(BODY)
        expect(rig.transport.stats()).toMatchObject({ connections: 0, leases: 0, clients: 0 })
      })

      it('ends idle connections', async () => {
        await get('answer')
        await within(rig.transport.close(), 'close()')
        expect(rig.transport.stats()).toMatchObject({ connections: 0, idleConnections: 0, clients: 0 })
      })

      it('turns away what is sent later', async () => {
        await rig.transport.close()
        const { recorder } = ask('answer')
        expect(recorder.reports).toEqual([])
        await recorder.settled()
        expect(recorder.reports).toEqual(['error'])
        expect(codesOf(recorder.failure)).toContain('UND_ERR_CLOSED')
      })
    })

    describe('destroy() of the transport', () => {
      it('ends what is under way with an error, wherever it is', async () => {
        const many = (['silent', 'head', 'part', 'endless'] as const).map((behaviour) => ask(behaviour))
        await many[2]?.recorder.until('data')
        await within(rig.transport.destroy(), 'destroy()')
        await turns()
        for (const { recorder } of many) {
          expect(recorder.reports.at(-1)).toBe('error')
          expect(codesOf(recorder.failure)).toContain('UND_ERR_DESTROYED')
        }
        expect(rig.transport.stats()).toMatchObject({ connections: 0, leases: 0, clients: 0 })
      })

      it('says nothing to those who ended their exchange themselves', async () => {
        const one = ask('part')
        const drained = ask('part')
        await Promise.all([one.recorder.until('data'), drained.recorder.until('data')])
        one.destroy()
        drained.drain()
        await rig.transport.destroy()
      })

      it('turns away what is sent later, and may be called again', async () => {
        await rig.transport.destroy()
        await rig.transport.destroy()
        await rig.transport.close()
        const { recorder } = ask('answer')
        await recorder.settled()
        expect(recorder.reports).toEqual(['error'])
      })
    })
  })
}

function codesOf(error: unknown): unknown[] {
  const codes: unknown[] = []
  for (let link = error; link instanceof Error; link = link.cause) codes.push((link as { code?: unknown }).code)
  return codes
}

async function waitFor(condition: () => boolean, atLeastTurns = 1): Promise<void> {
  await turns(atLeastTurns)
  for (let i = 0; !condition(); i++) {
    if (i > 100_000) throw new Error('did not happen')
    await turns(1)
  }
}
