import { type Agent, request as ask, type IncomingMessage } from 'node:http'
import { WebSocket } from 'ws'
import { answerTo, responseIdOf } from './answers.ts'
import { Violation } from './kinds.ts'

/** The context of a call of a program that uses the sidecar. */
export interface SidecarCallContext {
  readonly port: number
  readonly agent: Agent
  readonly call: string
  random(): number
}

/** Codes of answers that the sidecar makes for failures of the upstream. */
const CODES =
  /^(?:upstream_unavailable|upstream_request_timeout|sidecar_overloaded|server_is_overloaded|mock_\w+|\w*error\w*)$/

/** Each makes one call and returns its outcome. */
export const SIDECAR_KINDS = {
  async stream(context: SidecarCallContext): Promise<string> {
    const { status, text, isWhole } = await post(context, { stream: true })
    if (status !== 200) return refusal(status, text)
    if (!isWhole) return 'broke off'
    if (text.includes('event: error')) return 'an error event'
    if (!text.includes('"response.completed"')) {
      if (text.includes('"response.failed"')) return 'response.failed'
      throw new Violation('a stream without an end, which looked whole')
    }
    expectAnswer(context, text)
    return 'ok'
  },

  async whole(context: SidecarCallContext): Promise<string> {
    const { status, text, isWhole } = await post(context, { stream: false })
    if (status !== 200) return refusal(status, text)
    if (!isWhole) return 'broke off'
    expectAnswer(context, text)
    return 'ok'
  },

  /** A conversation over a WebSocket, continued by id as Codex does. */
  async turns(context: SidecarCallContext): Promise<string> {
    const client = await Talk.open(context)
    try {
      let id: string | undefined
      for (let turn = 1; turn <= 3; turn++) {
        const call = `${context.call}_${turn}`
        const { end, text } = await client.create(call, id)
        if (end === 'closed') return 'socket closed'
        if (end !== 'response.completed') return end
        expectAnswer({ call }, text)
        id = responseIdOf(call)
      }
      return 'ok'
    } finally {
      await client.close()
    }
  },

  /** Leaves in the middle, over HTTP or a WebSocket. */
  async left(context: SidecarCallContext): Promise<string> {
    const afterMs = context.random() * 40
    if (context.random() < 0.5) {
      const client = await Talk.open(context)
      const answer = client.create(context.call)
      await new Promise((resolve) => setTimeout(resolve, afterMs))
      client.leave()
      await answer
    } else {
      await post(context, { stream: true }, afterMs)
    }
    return 'left'
  },

  async refused({ port, agent }: SidecarCallContext): Promise<string> {
    const { status } = await get({ port, agent, path: '/v1/../x', headers: { host: 'evil.example' } })
    if (status !== 421) throw new Violation(`a stranger got ${status}`)
    return 'refused'
  },

  async metrics({ port, agent }: SidecarCallContext): Promise<string> {
    const { status, text } = await get({ port, agent, path: '/metrics', headers: {} })
    if (status !== 200 || !text.includes('calls_total')) throw new Violation(`/metrics says ${status}`)
    return 'metrics'
  },
} satisfies Record<string, (context: SidecarCallContext) => Promise<string>>

export type SidecarKind = keyof typeof SIDECAR_KINDS

interface Got {
  readonly status: number
  readonly text: string
  /** The body came to its end. */
  readonly isWhole: boolean
}

function bodyOf(call: string, more: object): object {
  return {
    model: 'gpt-5.2',
    input: `A question of call ${call}.`,
    store: false,
    metadata: { mock_call: call },
    ...more,
  }
}

function post({ port, agent, call }: SidecarCallContext, more: object, leaveAfterMs?: number): Promise<Got> {
  return send(
    { port, agent, path: '/v1/responses', headers: { 'content-type': 'application/json' } },
    bodyOf(call, more),
    leaveAfterMs,
  )
}

interface Sent {
  readonly port: number
  readonly agent: Agent
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
}

function get(sent: Sent): Promise<Got> {
  return send(sent)
}

/** Never rejects: what comes out is judged. */
function send({ port, agent, path, headers }: Sent, body?: object, leaveAfterMs?: number): Promise<Got> {
  return new Promise((resolve) => {
    let text = ''
    let status = 0
    const over = (isWhole: boolean): void => {
      clearTimeout(leaving)
      resolve({ status, text, isWhole })
    }
    const method = body === undefined ? 'GET' : 'POST'
    const request = ask({ host: '127.0.0.1', port, agent, path, method, headers }, (response: IncomingMessage) => {
      status = response.statusCode ?? 0
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk
      })
      response.once('close', () => over(response.complete))
    })
    request.once('error', () => over(false))
    const leaving = leaveAfterMs === undefined ? undefined : setTimeout(() => request.destroy(), leaveAfterMs)
    request.end(body === undefined ? undefined : JSON.stringify(body))
  })
}

function refusal(status: number, text: string): string {
  if (status === 0) throw new Violation('no answer of the sidecar')
  let error: { readonly code?: string | null; readonly message?: string } | undefined
  try {
    error = (JSON.parse(text) as { error?: typeof error }).error
  } catch {
    throw new Violation(`status ${status} without JSON: ${text.slice(0, 100)}`)
  }
  if (error?.message === undefined) throw new Violation(`status ${status} without a message`)
  if (error.code != null && !CODES.test(error.code)) throw new Violation(`status ${status} with the code ${error.code}`)
  return `HTTP ${status}`
}

function expectAnswer({ call }: Pick<SidecarCallContext, 'call'>, text: string): void {
  if (!text.includes(JSON.stringify(answerTo(call)).slice(1, -1))) throw new Violation('the answer to another call')
}

/** A WebSocket to the sidecar. */
class Talk {
  readonly #ws: WebSocket
  #onMessage: ((text: string) => void) | undefined
  #onClosed: (() => void) | undefined

  static async open({ port }: SidecarCallContext): Promise<Talk> {
    const talk = new Talk(port)
    await new Promise((resolve, reject) => talk.#ws.once('open', resolve).once('error', reject))
    return talk
  }

  private constructor(port: number) {
    this.#ws = new WebSocket(`ws://127.0.0.1:${port}/v1/responses`, { perMessageDeflate: false })
    this.#ws.on('error', () => {})
    this.#ws.on('message', (data) => this.#onMessage?.(String(data)))
    this.#ws.on('close', () => this.#onClosed?.())
  }

  create(call: string, previous?: string): Promise<{ readonly end: string; readonly text: string }> {
    return new Promise((resolve) => {
      let text = ''
      this.#onClosed = () => resolve({ end: 'closed', text })
      this.#onMessage = (message) => {
        text += message
        const { type, error } = JSON.parse(message) as { type: string; error?: { code?: string } }
        if (/^response\.(?:completed|failed|incomplete)$/.test(type)) resolve({ end: type, text })
        else if (type === 'error') resolve({ end: `error ${error?.code}`, text })
      }
      const more = previous === undefined ? {} : { previous_response_id: previous }
      this.#ws.send(JSON.stringify({ type: 'response.create', ...bodyOf(call, { stream: true, ...more }) }))
    })
  }

  leave(): void {
    this.#ws.terminate()
  }

  async close(): Promise<void> {
    if (this.#ws.readyState === WebSocket.CLOSED) return
    const closed = new Promise((resolve) => this.#ws.once('close', resolve))
    this.#ws.close()
    await closed
  }
}
