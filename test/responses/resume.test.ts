import { describe, expect, inject, it } from 'vitest'
import { type FakeTransport, fake, seededRandom, textStream } from '../../src/testing/index.ts'
import { collected, scenario } from './harness.ts'

const ok = textStream({ text: 'hello there' })
const final = ok.at(-1)?.response as object
const params = { model: 'm', input: 'hi', background: true, store: true }
type Request = Parameters<Extract<ConstructorParameters<typeof FakeTransport>[0], (...args: never[]) => unknown>>[0]

const startingAfter = (request: Request): number =>
  Number(new URL(request.url).searchParams.get('starting_after') ?? -1)
const isPoll = (request: Request): boolean => request.method === 'GET' && !request.url.includes('stream=true')

describe('background and store', () => {
  it.each([404, 400])(
    'after a resume is answered with %i the response is polled until it is terminal, and nothing is invented',
    async (status) => {
      let polls = 0
      const s = scenario((request) => {
        if (request.method === 'POST') return [fake.events(ok.slice(0, 5)), fake.reset()].flat()
        if (!isPoll(request)) return [fake.status(status)].flat()
        return [fake.status(200, { body: ++polls < 3 ? { ...final, status: 'in_progress' } : final })].flat()
      })
      const stream = s.responses.stream(params)
      expect((await collected(s, stream)).events).toEqual([
        ...ok.slice(0, 5),
        { type: 'response.completed', response: final },
      ])
      expect(await stream.finalResponse()).toEqual(final)
      expect(polls).toBe(3)
      await s.nothingIsLeft()
    },
  )

  it('consecutive resumes without an event are limited', async () => {
    const s = scenario(
      (request) =>
        (request.method === 'POST'
          ? [fake.events(ok.slice(0, 5)), fake.reset()]
          : [fake.event(ok[4] as object as { type: string }), fake.reset()]
        ).flat(),
      { maxRetries: 2 },
    )
    const { events, error } = await collected(s, s.responses.stream(params))
    expect(events).toEqual(ok.slice(0, 5))
    expect(error).toMatchObject({
      name: 'StreamInterruptedError',
      giveUpReason: 'retries_exhausted',
      lastSequenceNumber: 4,
    })
    expect(s.transport.requests).toHaveLength(1 + 3)
    await s.nothingIsLeft()
  })

  it.each([
    [
      'resumes that are cut',
      (request: Request) => (isPoll(request) ? [fake.status(200, { body: final })] : [fake.delay(700), fake.reset()]),
    ],
    [
      'polls',
      (request: Request) =>
        isPoll(request) ? [fake.status(200, { body: { ...final, status: 'in_progress' } })] : [fake.status(404)],
    ],
  ])('totalMs is the time of the whole response, %s and the pauses between included', async (_what, answer) => {
    const s = scenario(
      (request) => (request.method === 'POST' ? [fake.events(ok.slice(0, 5)), fake.reset()].flat() : answer(request)),
      { timeouts: { totalMs: 5000 }, maxRetries: 50, retry: { budget: false } },
    )
    const { error } = await collected(s, s.responses.stream(params))
    expect(error).toMatchObject({ deadline: { name: 'total', ms: 5000 } })
    expect(Math.round(s.clock.now())).toBe(5000)
    await s.nothingIsLeft({ allowHangUp: true })
  })

  it('a response can be resumed after a restart of the process', async () => {
    const s = scenario((request) => [fake.respond(ok.slice(startingAfter(request) + 1))].flat())
    const stream = s.responses.resume('resp_test', { starting_after: 3 })
    expect((await collected(s, stream)).events).toEqual(ok.slice(4))
    expect(await stream.finalResponse()).toEqual(final)
    await s.nothingIsLeft()
  })

  it('has the id from the start of a resume, before any event carries it', async () => {
    const s = scenario((request) => [fake.respond(ok.slice(startingAfter(request) + 1))].flat())
    const stream = s.responses.resume('resp_test', { starting_after: 3 })
    expect(stream.id).toBe('resp_test')
    const reading = collected(s, stream)
    expect(stream.id).toBe('resp_test')
    await reading
    expect(stream.id).toBe('resp_test')
    await s.nothingIsLeft()
  })

  it.each([
    ['an empty 200', () => [fake.respond([])].flat()],
    ['a 204', () => [fake.status(204)].flat()],
    [
      '[DONE] alone',
      () =>
        [fake.head(200, { 'content-type': 'text/event-stream' }), fake.bytes('data: [DONE]\n\n'), fake.eof()].flat(),
    ],
  ])('ends as the response ended, where nothing is left to send and the answer is %s', async (_what, nothing) => {
    const s = scenario((request) => (isPoll(request) ? [fake.status(200, { body: final })].flat() : nothing()))
    const stream = s.responses.resume('resp_test', { starting_after: ok.length - 1 })
    expect((await collected(s, stream)).events).toEqual([{ type: 'response.completed', response: final }])
    expect(await stream.finalResponse()).toEqual(final)
    expect(stream.attempts.map(({ resumes }) => resumes)).toEqual(['stream', 'stream', 'state'])
    await s.nothingIsLeft()
  })

  it('throws as the response failed, where nothing is left to send', async () => {
    const failed = { ...final, status: 'failed', error: { code: 'server_error', message: 'It broke.' } }
    const s = scenario((request) => [isPoll(request) ? fake.status(200, { body: failed }) : fake.respond([])].flat())
    const { error } = await collected(s, s.responses.resume('resp_test', { starting_after: 9 }))
    expect(error).toMatchObject({ name: 'ResponseFailedError', response: failed })
    await s.nothingIsLeft()
  })

  it('resumes again after one empty answer, so that events that are left are not skipped', async () => {
    let asked = 0
    const s = scenario((request) => [fake.respond(asked++ === 0 ? [] : ok.slice(startingAfter(request) + 1))].flat())
    const { events } = await collected(s, s.responses.resume('resp_test', { starting_after: 3 }))
    expect(events).toEqual(ok.slice(4))
    expect(s.transport.requests.some(isPoll)).toBe(false)
    await s.nothingIsLeft()
  })

  it('fails after maxRetries empty answers, where the response is still running', async () => {
    const running = { ...final, status: 'in_progress' }
    const s = scenario((request) => [isPoll(request) ? fake.status(200, { body: running }) : fake.respond([])].flat(), {
      maxRetries: 2,
    })
    const { error } = await collected(s, s.responses.resume('resp_test', { starting_after: 3 }))
    expect(error).toMatchObject({ code: 'empty_response', giveUpReason: 'retries_exhausted' })
    expect(s.transport.requests.filter((request) => !isPoll(request))).toHaveLength(3)
    await s.nothingIsLeft()
  })

  it('is resumed with store left out, which endpoints take for true, and not with store: false', async () => {
    const script = (request: Request) =>
      (request.method === 'POST'
        ? [fake.events(ok.slice(0, 5)), fake.reset()]
        : [fake.respond(ok.slice(startingAfter(request) + 1))]
      ).flat()
    const s = scenario(script)
    const { store: _, ...open } = params
    expect((await collected(s, s.responses.stream(open))).events).toEqual(ok)
    const { error } = await collected(s, s.responses.stream({ ...params, store: false }))
    expect(error).toMatchObject({ name: 'StreamInterruptedError' })
    await s.nothingIsLeft()
  })

  it('counts the attempts of all its calls in the message', async () => {
    const s = scenario(() => [fake.status(404)].flat())
    const { error } = await collected(s, s.responses.resume('resp_unknown', { starting_after: 3 }))
    expect((error as Error).message).toContain('(2 attempts, gave up: not_retryable)')
    expect((error as { attempts: unknown[] }).attempts).toHaveLength(2)
    await s.nothingIsLeft()
  })

  it('retrieve and cancel', async () => {
    const s = scenario([
      fake.reset(),
      fake.status(200, { body: final }),
      fake.status(200, { body: { ...final, status: 'cancelled' } }),
    ])
    expect((await s.settle(s.responses.retrieve('resp_test'))).value).toEqual(final)
    expect((await s.settle(s.responses.cancel('resp_test'))).value).toMatchObject({ status: 'cancelled' })
    expect(s.transport.requests.at(-1)).toMatchObject({
      method: 'POST',
      url: 'https://api.test/v1/responses/resp_test/cancel',
    })
    await s.nothingIsLeft()
  })

  it('is polled if the endpoint omits the same numbers in each resume, and is whole', async () => {
    const s = scenario((request) => {
      if (isPoll(request)) return [fake.status(200, { body: final })].flat()
      const from = request.method === 'POST' ? 0 : startingAfter(request) + 1
      return [fake.respond(ok.slice(from).filter((event) => event.sequence_number !== 5))].flat()
    })
    const { events, error } = await collected(s, s.responses.stream(params))
    expect(error).toBeUndefined()
    expect(events.slice(0, -1)).toEqual(ok.slice(0, 5))
    expect((events.at(-1) as { response?: unknown }).response).toEqual(final)
    expect(s.events).toContainEqual(expect.objectContaining({ type: 'event_problem', problem: 'sequence_gap' }))
    expect(s.transport.requests.filter(({ method }) => method === 'POST')).toHaveLength(1)
    expect(s.client.stats().activeCalls).toBe(0)
  })

  it('dropped at random points, with random answers to the resume: delivers each event once and in order, or a typed error', {
    timeout: 600_000,
  }, async () => {
    const seeds = inject('full') ? 10_000 : 500
    for (let seed = 1; seed <= seeds; seed++) {
      const random = seededRandom(seed)
      let drops = 0
      const s = scenario((request) => {
        if (isPoll(request))
          return [fake.status(200, { body: random() < 0.5 ? final : { ...final, status: 'in_progress' } })].flat()
        const from = request.method === 'POST' ? 0 : startingAfter(request) + 1
        const answer = request.method === 'POST' ? 1 : random()
        if (answer < 0.08) return [fake.status(random() < 0.5 ? 400 : 404)].flat()
        // Sends some again, or leaves some out.
        const begin =
          answer < 0.3
            ? Math.max(0, from - Math.floor(random() * 3))
            : answer < 0.4
              ? from + 1 + Math.floor(random() * 2)
              : from
        if (drops >= 5 || random() < 0.2) return [fake.respond(ok.slice(begin))].flat()
        drops++
        const until = begin + 1 + Math.floor(random() * (ok.length - begin))
        return [
          fake.events(ok.slice(begin, Math.min(until, ok.length - 1))),
          random() < 0.5 ? fake.reset() : fake.eof(),
        ].flat()
      })
      const { events, error } = await collected(s, s.responses.stream(params))
      const numbered = events.filter((event) => (event as { sequence_number?: number }).sequence_number !== undefined)
      expect(numbered, `seed ${seed}`).toEqual(ok.slice(0, numbered.length))
      if (error === undefined) expect((events.at(-1) as { response?: unknown }).response, `seed ${seed}`).toEqual(final)
      else
        expect(error, `seed ${seed}`).toMatchObject({
          name: expect.stringMatching(/StreamInterruptedError|UpstreamError/),
        })
      expect(s.client.stats().activeCalls).toBe(0)
    }
  })
})
