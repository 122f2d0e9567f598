import { afterEach, describe, expect, it, vi } from 'vitest'
import { nextTurn } from '../../src/core/turn.ts'
import { fake, textStream } from '../../src/testing/index.ts'

const CHECKS = '../../src/responses/schema/validate.ts'
const LOADER = '../../src/responses/schema/load-checks.ts'
const params = { model: 'm', input: 'hi' }
const wrong = textStream({ text: 'hello' }).map((event) =>
  event.type === 'response.completed' ? { ...event, response: { ...(event.response as object), id: 7 } } : event,
)

/** The library as the first call of a process finds it. */
async function freshly() {
  vi.resetModules()
  const { ResilientClient } = await import('../../src/index.ts')
  const { FakeTransport } = await import('../../src/testing/index.ts')
  const { loadedCheck } = await import('../../src/responses/schema/load-checks.ts')
  const problems: string[] = []
  const client = (options: object, events = wrong) =>
    new ResilientClient({ transport: new FakeTransport([fake.respond(events)]), ...options })
  const onEvent = (event: { type: string; problem?: string; detail?: string }): void => {
    if (event.type === 'event_problem') problems.push(`${event.problem}: ${event.detail}`)
  }
  return { ResilientClient, FakeTransport, client, loadedCheck, onEvent, problems }
}

describe('the checks of events, in the first call of a process', () => {
  afterEach(() => {
    vi.doUnmock(CHECKS)
    vi.doUnmock(LOADER)
    vi.resetModules()
  })

  it('are not loaded by importing the package, by a client, or by calls whose problems are not reported', async () => {
    const { client, loadedCheck } = await freshly()
    await client({}).responses.stream(params).finalResponse()
    await client({ validate: 'off', onEvent: () => {} }).responses.create(params)
    expect(loadedCheck()).toBeUndefined()
  })

  it('are loaded for an instrumentation that names event_problem, and not for OpenTelemetry and a recorder', async () => {
    const loads = vi.fn(() => new Promise(() => {}))
    vi.doMock(LOADER, async (importOriginal) => ({ ...(await importOriginal<object>()), loadChecks: loads }))
    const { client, onEvent } = await freshly()
    const { openTelemetry } = await import('../../src/opentelemetry/index.ts')
    const { recordCalls } = await import('../../src/timeline/index.ts')
    const instrumentations = [openTelemetry(), recordCalls(), { onEvent, eventTypes: ['call_end'] }]
    await client({ instrumentations }).responses.stream(params).finalResponse()
    await nextTurn()
    expect(loads).not.toHaveBeenCalled()
    instrumentations.push({ onEvent, eventTypes: ['event_problem'] })
    await client({ instrumentations }).responses.stream(params).finalResponse()
    await nextTurn()
    expect(loads).toHaveBeenCalled()
  })

  it('report what was wrong to an instrumentation that names event_problem', async () => {
    const { client, onEvent, problems } = await freshly()
    const instrumentations = [{ onEvent, eventTypes: ['event_problem'] }]
    await client({ instrumentations }).responses.stream(params).finalResponse()
    await vi.waitFor(() => expect(problems).toHaveLength(1))
  })

  it("are awaited with validate: 'strict'", async () => {
    const { client, loadedCheck } = await freshly()
    const stream = client({ validate: 'strict' }).responses.stream(params)
    await expect(stream.finalResponse()).rejects.toMatchObject({ code: 'invalid_event' })
    expect(loadedCheck()).toBeDefined()
  })

  it("are awaited with validate: 'strict', and every event is delivered", async () => {
    const { client } = await freshly()
    const events = textStream({ text: 'hello' })
    const stream = client({ validate: 'strict' }, events).responses.stream(params)
    const types: string[] = []
    for await (const event of stream) types.push(event.type)
    expect(types).toEqual(events.map(({ type }) => type))
  })

  it("delay no event with validate: 'report', and still report what was wrong", async () => {
    const { client, loadedCheck, onEvent, problems } = await freshly()
    await client({ onEvent }).responses.stream(params).finalResponse()
    await vi.waitFor(() => expect(problems).toHaveLength(1))
    expect(problems[0]).toMatch(/^invalid_event: response\.completed: response\.id: expected string, found number/)
    expect(loadedCheck()).toBeDefined()
  })

  it.each([
    ['report', false],
    ['strict', true],
  ] as const)('with validate: %j, are loaded before the first event: %j', async (validate, isLoadedEarly) => {
    const imported = vi.fn()
    vi.doMock(CHECKS, async (importOriginal) => {
      imported()
      return importOriginal()
    })
    const { ResilientClient, FakeTransport, loadedCheck, onEvent } = await freshly()
    const transport = new FakeTransport([[fake.head(), fake.stall()], fake.respond(textStream())])
    const client = new ResilientClient({ transport, validate, onEvent, hedge: false })
    const silent = client.responses.stream(params)
    // A call that begins later and is complete: whatever the silent one had asked for was loaded meanwhile.
    await new ResilientClient({ transport }).responses.stream(params).finalResponse()
    expect(imported.mock.calls.length > 0).toBe(isLoadedEarly)
    await vi.waitFor(() => expect(loadedCheck() !== undefined).toBe(isLoadedEarly))
    silent.abort()
    await client.close()
  })

  it('that cannot be loaded fail only strict calls', async () => {
    vi.doMock(CHECKS, () => {
      throw Object.assign(new Error('no such file: /secret/path'), { code: 'ERR_MODULE_NOT_FOUND' })
    })
    const { client, onEvent, problems } = await freshly()
    const events = textStream({ text: 'hello' })
    const strict = client({ validate: 'strict', maxRetries: 0 }, events).responses.stream(params)
    await expect(strict.finalResponse()).rejects.toMatchObject({
      code: 'invalid_event',
      message: expect.stringMatching(/^The checks of validate: 'strict' could not be loaded: /),
    })
    await expect(client({ onEvent }, events).responses.create(params)).resolves.toMatchObject({ status: 'completed' })
    expect(problems).toEqual([])
  })
})
