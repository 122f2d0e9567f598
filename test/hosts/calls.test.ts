import { Agent } from 'undici'
import { expect, it } from 'vitest'
import { toolCallStream, VirtualClock } from '../../src/testing/index.ts'
import { collect } from '../e2e/support/calls.ts'
import { LINGERING } from '../e2e/support/faults.ts'
import { ANSWER_TEXT } from './support/failures.ts'
import { answerOf } from './support/host.ts'
import { forEachHost } from './support/world.ts'

const DONE = { id: 'resp_answer', text: ANSWER_TEXT, finished: true, toolCalls: [] }
const bytes = (size: number): Uint8Array<ArrayBuffer> => Uint8Array.from({ length: size }, (_, index) => index % 251)

/** A raw answer whose body no text encoding could carry. */
function binaryAnswer(body: Uint8Array): Uint8Array {
  const head = `HTTP/1.1 200 OK\r\ncontent-type: application/octet-stream\r\ncontent-length: ${body.length}\r\n\r\n`
  return Buffer.concat([Buffer.from(head), body])
}

await forEachHost(({ name, connect }, start) => {
  it('streams a text', async () => {
    const { host, server } = await start()
    expect(await answerOf(host.stream())).toMatchObject(DONE)
    expect(server.requests).toHaveLength(1)
  })

  it('streams a tool call', async () => {
    const call = { name: 'get_weather', arguments: { city: 'Oslo' } }
    const { host } = await start({ server: { respond: () => toolCallStream({ id: 'resp_answer', calls: [call] }) } })
    const { toolCalls, finished } = await answerOf(host.stream())
    expect({ toolCalls, finished }).toEqual({
      toolCalls: [{ name: 'get_weather', input: { city: 'Oslo' } }],
      finished: true,
    })
  })

  it('gets an answer in one piece that takes longer than every deadline of a stream', async () => {
    const clock = new VirtualClock()
    const { host, server } = await start({ client: { clock } })
    server.script([{ at: 'headers', effect: 'stall' }])
    const answer = host.create()
    await server.waitFor('fault')
    // Past first byte, idle and progress, and before the end of an attempt.
    await clock.advance(1_750_000)
    server.release()
    expect(await answer).toMatchObject(DONE)
    expect(server.requests).toHaveLength(1)
  })

  it('sends the same bytes again, whatever happened to them before', async () => {
    const { host, server } = await start()
    server.script([
      { at: 'headers', effect: 'reset' },
      { at: 'headers', effect: 'status', status: 503 },
      { at: 'before_event', event: 1, effect: 'eof' },
      'ok',
    ])
    expect(await answerOf(host.stream())).toMatchObject(DONE)
    server.script([
      { at: 'headers', effect: 'reset' },
      { at: 'headers', effect: 'status', status: 503 },
      { at: 'headers', effect: 'status', status: 429, headers: { 'retry-after-ms': '5' } },
      'ok',
    ])
    expect(await host.create()).toMatchObject(DONE)
    const bodies = server.requests.map(({ body }) => String(body))
    expect(new Set(bodies.slice(0, 4)).size).toBe(1)
    expect(new Set(bodies.slice(4)).size).toBe(1)
    expect(bodies).toHaveLength(8)
  })

  it('keeps its own headers, and gets ours where it has none', async () => {
    const { host, server } = await start({
      client: { headers: { 'x-team': 'ours', 'x-extra': 'ours', authorization: 'Bearer ours' } },
      host: { headers: { 'x-team': 'theirs' } },
    })
    await answerOf(host.stream())
    expect(server.requests[0]?.headers).toMatchObject({
      'x-team': 'theirs',
      'x-extra': 'ours',
      authorization: 'Bearer key',
    })
    expect(server.requests[0]?.headers['user-agent']).not.toContain('resilient-responses')
  })

  it('continues with a refreshed credential when ours is refused', async () => {
    const headers = ({ refresh }: { refresh: boolean }) => ({ authorization: `Bearer ${refresh ? 'new' : 'old'}` })
    const { host, server } = await start({ client: { headers }, host: { withoutCredential: true } })
    server.script([{ at: 'headers', effect: 'status', status: 401 }, 'ok'])
    expect(await answerOf(host.stream())).toMatchObject(DONE)
    expect(server.requests.map((request) => request.headers.authorization)).toEqual(['Bearer old', 'Bearer new'])
  })

  it("uses the caller's dispatcher, and leaves it open", async () => {
    const agent = new Agent()
    let dispatched = 0
    const dispatcher = agent.compose((dispatch) => (options, handler) => {
      dispatched++
      return dispatch(options, handler)
    })
    const { host, server } = await start({ host: { fetchOptions: { dispatcher } } })
    server.script([{ at: 'headers', effect: 'reset' }, 'ok'])
    expect(await answerOf(host.stream())).toMatchObject(DONE)
    expect({ dispatched, closed: agent.closed }).toEqual({ dispatched: 2, closed: false })
    await agent.destroy()
  })

  const { upload, sdk } = connect({ baseURL: 'http://127.0.0.1:9/v1' })

  it.skipIf(!upload).for([70_000, 3_000_000])('uploads a file of %i bytes as a form', async (size) => {
    const { host, server } = await start()
    const sent = bytes(size)
    const file = { id: 'file_1', object: 'file', bytes: size, filename: 'notes.bin', created_at: 1 }
    const body = { ...file, purpose: 'user_data', status: 'processed' }
    server.script([{ at: 'headers', effect: 'status', status: 200, body }])
    await host.upload?.(new Blob([sent]))
    const [request] = server.requests
    const form = await new Response(new Uint8Array(request?.body ?? []), {
      headers: { 'content-type': request?.headers['content-type'] ?? '' },
    }).formData()
    const received = form.get('file') as File
    expect(received.name).toBe('notes.bin')
    expect(Buffer.compare(sent, new Uint8Array(await received.arrayBuffer()))).toBe(0)
    expect(request?.headers['content-length']).toBe(String(request?.body.length))
  })

  it.skipIf(!sdk)('puts a stream together with its helper', async () => {
    const { host, server } = await start()
    server.script([{ at: 'before_event', event: 2, effect: 'reset' }, LINGERING])
    const final = await host.sdk?.finalResponse()
    expect(final).toMatchObject({ id: 'resp_answer', status: 'completed', output_text: ANSWER_TEXT })
    expect(server.requests).toHaveLength(2)
  })

  it.skipIf(!sdk)('downloads bytes as they are', async () => {
    const { host, server } = await start()
    const sent = bytes(70_000)
    server.script([{ at: 'headers', effect: 'garbage', bytes: binaryAnswer(sent) }])
    expect(await host.sdk?.download('file_1')).toEqual(sent)
  })

  it.skipIf(!sdk)('takes 204 for an answer without a body', async () => {
    const { host, server } = await start()
    server.script([{ at: 'headers', effect: 'status', status: 204 }])
    expect(await host.sdk?.remove('resp_1')).toBeFalsy()
    expect(server.requests.map(({ method, path }) => `${method} ${path}`)).toEqual(['DELETE /v1/responses/resp_1'])
  })

  it.skipIf(!sdk)('resumes a background response where it was left, also over a broken connection', async () => {
    const { host, server } = await start({ server: { background: 'manual' } })
    const seen: number[] = []
    for await (const { sequence_number } of host.sdk?.startInBackground() ?? []) {
      seen.push(sequence_number)
      break
    }
    server.produce('resp_answer')
    server.script([{ at: 'headers', effect: 'reset' }, { at: 'before_event', event: 2, effect: 'eof' }, 'ok'])
    for (const { sequence_number } of await collect(host.sdk?.resume('resp_answer', seen.at(-1) ?? 0) ?? empty())) {
      seen.push(sequence_number)
    }
    expect(seen).toEqual(seen.map((_, index) => index))
    expect(seen.length, name).toBeGreaterThan(5)
    expect(server.requests.map(({ method, query }) => method + (query.get('starting_after') ?? ''))).toEqual([
      'POST',
      'GET0',
      'GET0',
      'GET0',
    ])
  })

  it.skipIf(!sdk)(
    'gets an empty stream, and no error, if nothing is left after the event where it resumes',
    async () => {
      const { host, server } = await start({ server: { background: 'manual' } })
      const started = host.sdk?.startInBackground()
      await started?.next()
      await started?.return(undefined)
      server.produce('resp_answer')
      const all = await collect(host.sdk?.resume('resp_answer', 0) ?? empty())
      expect(all.length, name).toBeGreaterThan(4)
      expect(await collect(host.sdk?.resume('resp_answer', all.at(-1)?.sequence_number ?? 0) ?? empty())).toEqual([])
      expect(server.requests.map(({ method }) => method)).toEqual(['POST', 'GET', 'GET'])
    },
  )
})

async function* empty(): AsyncGenerator<never> {}
