import { type FakeAttempt, type FakeStep, fake, type JsonObject } from '../../../src/testing/index.ts'
import type { Fault, WhichEvent } from '../../../src/testing/server.ts'
import { type Act, type CertificateFault, halfFrame, isFaults } from './acts.ts'

const CERTIFICATES = {
  expired: 'CERT_HAS_EXPIRED',
  self_signed: 'DEPTH_ZERO_SELF_SIGNED_CERT',
  of_another_host: 'ERR_TLS_CERT_ALTNAME_INVALID',
} as const satisfies Record<CertificateFault, string>

/** An act in the steps of a fake transport, on an answer of these events. */
export function fakeAttempt(act: Exclude<Act, 'ok'>, events: readonly JsonObject[], everyMs = 0): FakeAttempt {
  if (isFaults(act)) return struck([act].flat() as Fault[], events, everyMs)
  if ('connect' in act) return act.connect === 'never' ? fake.connectStall() : fake.connectError(act.connect)
  if ('certificate' in act) return fake.connectError(CERTIFICATES[act.certificate])
  if ('upload' in act)
    return [fake.send({ times: act.upload.parts, everyMs: act.upload.everyMs }), fake.respond(events)]
  const { body, pieceBytes } = act
  return [
    fake.head(200, { 'content-type': 'text/event-stream' }),
    fake.bytes(body, pieceBytes === undefined ? {} : { chunkBytes: pieceBytes }),
    fake.eof(),
  ]
}

const HEAD = fake.head(200, { 'content-type': 'text/event-stream' })

/** The number of the event that a fault is about. */
function numberOf({ event, type }: WhichEvent, events: readonly JsonObject[]): number {
  return event ?? events.findIndex((each) => each.type === type)
}

function struck(faults: readonly Fault[], events: readonly JsonObject[], everyMs: number): FakeAttempt {
  const steps: FakeStep[] = []
  let sent: number | undefined
  const sendTo = (end: number): void => {
    if (sent === undefined) steps.push(HEAD)
    for (let at = sent ?? 0; at < end; at++)
      steps.push(...(at > 0 && everyMs > 0 ? [fake.delay(everyMs)] : []), fake.event(events[at] ?? {}))
    sent = end
  }
  for (const fault of faults) {
    if (fault.at === 'accept') return fake.connectStall()
    if (fault.at === 'request_body') return fault.effect === 'stall' ? fake.sendStall() : fake.sendError()
    if (fault.at === 'before_event') sendTo(numberOf(fault, events))
    if (fault.at === 'inside_event') {
      const number = numberOf(fault, events)
      sendTo(number)
      steps.push(...fake.bytes(halfFrame(events[number])))
    }
    if (fault.at === 'after_terminal') sendTo(events.length)
    switch (fault.effect) {
      case 'stall':
        return [...steps, fake.stall()]
      case 'reset':
        return [...steps, fake.reset()]
      case 'half_close':
        return [...steps, fake.reset('UND_ERR_SOCKET')]
      case 'eof':
        return [...steps, fake.eof()]
      case 'status':
        return [...steps, ...whole(fault)]
      case 'delay':
        steps.push(fake.delay(fault.ms))
        break
      case 'event':
        steps.push(...fake.events(fault.events ?? []), ...fake.bytes(fault.raw ?? ''))
        break
      case 'garbage':
        throw new TypeError('a fake transport has no bytes outside of HTTP: say only: sockets')
    }
  }
  sendTo(events.length)
  return [...steps, fake.eof()]
}

function whole({ status, headers = {}, body }: Extract<Fault, { effect: 'status' }>): readonly FakeStep[] {
  const text = typeof body === 'object' && body !== null && 'content-type' in headers ? JSON.stringify(body) : body
  return fake.status(status, { headers, ...(text !== undefined && { body: text as string | object }) })
}

/** What the endpoint answers to anything but the creation of a response: the response, its stream, or an empty object. */
export function fakeLookup(request: { method: string; url: string }, events: readonly JsonObject[]): FakeAttempt {
  const { pathname, searchParams } = new URL(request.url)
  if (request.method !== 'GET' || !pathname.includes('/responses/')) return fake.status(200, { body: {} })
  if (searchParams.get('stream') === 'true')
    return fake.respond(events.slice(Number(searchParams.get('starting_after') ?? -1) + 1))
  return fake.status(200, { body: (events.at(-1)?.response ?? {}) as object })
}
