import { findResilientError, type ResilientClient, type ResponseStream } from '../../src/index.ts'
import { answerTo, responseIdOf } from './answers.ts'

/** The context of a call. */
export interface CallContext {
  readonly client: ResilientClient
  /** Tells the endpoint which call a request belongs to. */
  readonly call: string
  /** The caller's own signal, which is long-lived. */
  readonly signal: AbortSignal
  readonly baseURL: string
  random(): number
}

/** A violated invariant: it ends a soak with exit code 1. */
export class Violation extends Error {}

/** Each makes one call and returns its outcome. Failures that the library reports are thrown. */
export const KINDS = {
  async stream(context: CallContext): Promise<string> {
    const stream = open(context)
    const text = await read(stream, { rising: true })
    const response = await stream.finalResponse()
    expectAnswer(context.call, text)
    expectAnswer(context.call, response.output_text)
    return 'ok'
  },

  async restarting_stream({ client, call, signal }: CallContext): Promise<string> {
    const stream = client.responses.stream(body(call), { ...options(call, signal), interruption: 'restart' })
    let text = ''
    for await (const event of stream) {
      if (event.type === 'stream.restarted') text = ''
      else if (event.type === 'response.output_text.delta') text += event.delta
    }
    expectAnswer(call, text)
    return 'ok'
  },

  async create({ client, call, signal }: CallContext): Promise<string> {
    const response = await client.responses.create(body(call), options(call, signal))
    expectAnswer(call, response.output_text)
    return 'ok'
  },

  async drop_in(context: CallContext): Promise<string> {
    const response = await post(context)
    const text = await response.text()
    if (!response.ok) return `HTTP ${response.status}`
    if (!text.includes('"response.completed"')) return 'an error event'
    if (!text.includes(JSON.stringify(answerTo(context.call)))) throw new Violation('the answer to another call')
    return 'ok'
  },

  async drop_in_cancelled(context: CallContext): Promise<string> {
    const response = await post(context)
    if (!response.ok) {
      await response.body?.cancel()
      return `HTTP ${response.status}`
    }
    const reader = response.body?.getReader()
    await reader?.read()
    await reader?.cancel()
    return 'cancelled'
  },

  async background({ client, call, signal }: CallContext): Promise<string> {
    const stream = client.responses.stream({ ...body(call), background: true, store: true }, options(call, signal))
    // A response that was polled in the end lacks the rest of its events.
    expectAnswer(call, await read(stream, { rising: true }), { orPart: true })
    expectAnswer(call, (await stream.finalResponse()).output_text)
    return 'ok'
  },

  async resume({ client, call, signal }: CallContext): Promise<string> {
    const params = { ...body(call), background: true, store: true }
    let last: number | undefined
    for await (const event of client.responses.stream(params, options(call, signal))) {
      last = event.sequence_number as number
      if (last >= 5) break
    }
    const resumed = client.responses.resume(responseIdOf(call), { ...options(call, signal), starting_after: last ?? 0 })
    const response = await resumed.finalResponse()
    if (response.id !== responseIdOf(call)) throw new Violation(`the response ${response.id}`)
    return 'ok'
  },

  async aborted(context: CallContext): Promise<string> {
    const controller = new AbortController()
    const reason = new Error('the caller has had enough')
    const timer = setTimeout(() => controller.abort(reason), context.random() * 40)
    try {
      if (context.random() < 0.5) await read(open({ ...context, signal: controller.signal }))
      else await (await post({ ...context, signal: controller.signal })).text()
      return 'ok'
    } catch (error) {
      if (error === reason) return 'aborted'
      if (controller.signal.aborted && findResilientError(error) === undefined)
        throw new Violation(`an abort came out as ${error}`)
      throw error
    } finally {
      clearTimeout(timer)
    }
  },

  async left_early(context: CallContext): Promise<string> {
    for await (const event of open(context)) if (event.type === 'response.output_text.delta') break
    return 'left early'
  },
} satisfies Record<string, (context: CallContext) => Promise<string>>

export type Kind = keyof typeof KINDS

function body(call: string) {
  return { model: 'gpt-5.2', input: `A question of call ${call}.` }
}

function options(call: string, signal: AbortSignal) {
  return { signal, headers: { 'x-mock-call': call } }
}

function open({ client, call, signal }: CallContext): ResponseStream {
  return client.responses.stream(body(call), options(call, signal))
}

function post({ client, call, signal, baseURL }: CallContext): Promise<Response> {
  return client.fetch(`${baseURL}/responses`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-mock-call': call },
    body: JSON.stringify({ ...body(call), stream: true }),
    signal,
  })
}

/** The text of a stream. With `rising` its numbers must increase. */
async function read(stream: ResponseStream, { rising = false } = {}): Promise<string> {
  let text = ''
  let last = -1
  for await (const event of stream) {
    const number = event.sequence_number
    if (rising && typeof number === 'number' && number <= last) throw new Violation(`event ${number} behind ${last}`)
    if (typeof number === 'number') last = number
    if (event.type === 'response.output_text.delta') text += event.delta
  }
  return text
}

function expectAnswer(call: string, text: string | undefined, { orPart = false } = {}): void {
  if (text === answerTo(call) || (orPart && answerTo(call).startsWith(text ?? ''))) return
  throw new Violation(`call ${call} was answered ${JSON.stringify(text)}`)
}
