import type { ResilientClient, ResponseStreamEvent } from '../../src/index.ts'
import type { Caller, CallWorld } from './caller.ts'
import { CALL_FIELD, CALL_HEADER } from './identity.ts'
import { PLANTED } from './secrets.ts'

/** Makes a call as its plan says, and settles its caller with what came of it. Never rejects. */
export async function act(caller: Caller, world: CallWorld): Promise<void> {
  try {
    const { view } = caller.plan
    const options = view === undefined ? {} : world.schedule.views[view]
    const client = world.client.withOptions({
      ...options,
      onEvent: (event) => caller.hear(event),
      ...(caller.plan.face === 'upgraded' ? { upgradeToStream: true } : {}),
    })
    await FACES[caller.plan.face](caller, client, world)
  } catch (error) {
    caller.settle({ kind: 'error', error })
  }
}

const FACES: Record<
  Caller['plan']['face'],
  (caller: Caller, client: ResilientClient, world: CallWorld) => Promise<void>
> = {
  stream: iterate,
  background: iterate,
  create,
  background_create: create,
  fetch_stream: post,
  fetch_json: post,
  upgraded: post,
  fetch_once: post,
  foreign_get: get,
  foreign_post: post,
  repeatable_post: post,
  retrieve: askAgain,
  cancel: askAgain,
}

const PASSTHROUGH_PATHS: Partial<Record<Caller['plan']['face'], string>> = {
  foreign_post: 'files',
  repeatable_post: 'embeddings',
}

function paramsOf(caller: Caller): Record<string, unknown> {
  const { plan, of, history, options } = caller
  const params = {
    model: 'gpt-5.2',
    input: history ?? PLANTED.prompt,
    ...(plan.continuation ? { previous_response_id: of ?? 'resp_before' } : {}),
    ...(plan.follows?.by === 'id' && of !== undefined ? { previous_response_id: of } : {}),
    ...(plan.follows?.edit === 'other_field' ? { instructions: `As call ${plan.id} wants it.` } : {}),
    ...(plan.conversation ? { conversation: 'conv_1' } : {}),
    ...(plan.store === false ? { store: false } : {}),
    ...(plan.face.startsWith('background') ? { background: true, store: true } : {}),
    ...(options.onSockets ? { metadata: { [CALL_FIELD]: String(plan.id) } } : {}),
  }
  caller.params = params
  return params
}

function headersOf({ plan }: Caller): Record<string, string> {
  return { [CALL_HEADER]: String(plan.id), cookie: `session=${PLANTED.cookie}` }
}

async function iterate(caller: Caller, client: ResilientClient, world: CallWorld): Promise<void> {
  const { plan, witness } = caller
  const stream = client.responses.stream(paramsOf(caller), {
    signal: caller.controller.signal,
    headers: headersOf(caller),
    ...(plan.restart ? { interruption: 'restart' as const } : {}),
  })
  caller.held = stream
  if (plan.leaveAfter === 0) {
    await stream[Symbol.asyncIterator]().return?.()
    caller.settle({ kind: 'left' })
    return
  }
  for await (const event of stream) {
    witness.event(event as ResponseStreamEvent)
    if (witness.count === plan.leaveAfter) {
      caller.settle({ kind: 'left' })
      break
    }
    await pause(caller, world, witness.count)
  }
  if (caller.outcome === undefined) caller.settle({ kind: 'response', response: await stream.finalResponse() })
}

async function create(caller: Caller, client: ResilientClient): Promise<void> {
  const { plan, witness } = caller
  const response = await client.responses.create(paramsOf(caller), {
    signal: caller.controller.signal,
    headers: headersOf(caller),
    ...(plan.face === 'create' && {
      onDelta: ({ event }: { readonly event: unknown }) => witness.delta(event as ResponseStreamEvent),
      onRestart: ({ attempt }: { readonly attempt: number }) => witness.restarted(attempt),
    }),
  })
  caller.settle({ kind: 'response', response })
}

/** `retrieve` and `cancel`: nothing without an id. */
async function askAgain(caller: Caller, client: ResilientClient): Promise<void> {
  const { of, plan } = caller
  const options = { signal: caller.controller.signal, headers: headersOf(caller) }
  if (of === undefined) caller.settle({ kind: 'left' })
  else if (plan.face === 'cancel')
    caller.settle({ kind: 'response', response: await client.responses.cancel(of, options) })
  else caller.settle({ kind: 'response', response: await client.responses.retrieve(of, options) })
}

async function get(caller: Caller, client: ResilientClient, world: CallWorld): Promise<void> {
  const response = await client.fetch(`${world.originOf(caller.plan.endpoint)}/v1/models`, {
    headers: headersOf(caller),
    signal: caller.controller.signal,
  })
  await read(caller, response, world)
}

async function post(caller: Caller, client: ResilientClient, world: CallWorld): Promise<void> {
  const { plan } = caller
  const path = PASSTHROUGH_PATHS[plan.face] ?? 'responses'
  const body = JSON.stringify({ ...paramsOf(caller), ...(plan.face === 'fetch_stream' ? { stream: true } : {}) })
  const once = plan.face === 'fetch_once'
  const response = await client.fetch(`${world.originOf(plan.endpoint)}/v1/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headersOf(caller) },
    body: once ? new Blob([body]).stream() : body,
    signal: caller.controller.signal,
    ...(once ? { duplex: 'half' } : {}),
  } as RequestInit)
  await read(caller, response, world)
}

/** Reads a body to its end, or as far as the consumer wants it. */
async function read(caller: Caller, response: Response, world: CallWorld): Promise<void> {
  const { plan, witness } = caller
  caller.held = response
  const { status } = response
  const reader = response.body?.getReader()
  const pieces: Uint8Array[] = []
  const text = (): string => Buffer.concat(pieces).toString()
  if (plan.leaveAfter === 0) {
    await reader?.cancel()
    caller.settle({ kind: 'left' })
    return
  }
  try {
    for (;;) {
      const next = await reader?.read()
      if (next === undefined || next.done) break
      pieces.push(next.value)
      witness.count++
      if (witness.count === plan.leaveAfter) {
        await reader?.cancel()
        caller.settle({ kind: 'left' })
        return
      }
      await pause(caller, world, witness.count)
    }
  } catch (error) {
    caller.settle({ kind: 'body', status, text: text(), error })
    return
  }
  caller.settle({ kind: 'body', status, text: text(), error: undefined })
}

/** A consumer that has other things to do for a while. */
async function pause(caller: Caller, { clock }: CallWorld, count: number): Promise<void> {
  for (const { after, ms } of caller.plan.pauses ?? []) {
    if (after !== count) continue
    caller.pausingSince = clock.now()
    caller.readsWhilePausing = 0
    const from = clock.now()
    await new Promise<void>((resolve) => clock.setTimer(resolve, ms))
    caller.pausedMs += clock.now() - from
    caller.pausingSince = undefined
  }
}
