import { shown } from '../../core/shown.ts'
import { sseFrame } from '../streams.ts'
import type { FailurePhase } from './network-errors.ts'
import {
  describeStep,
  type FakeAttempt,
  type FakeDelivery,
  type FakeFailure,
  type FakeHeaders,
  type FakeStep,
} from './steps.ts'

/** An explicit action of an exchange. Only `wait` and `hang` take time. */
export type Action =
  | { readonly do: 'open'; readonly newConnection: boolean }
  | { readonly do: 'opened' }
  /** Sends the whole request, or its first part. */
  | { readonly do: 'write'; readonly all: boolean }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'hang' }
  | { readonly do: 'head'; readonly status: number; readonly statusText: string; readonly headers: FakeHeaders }
  | { readonly do: 'data'; readonly bytes: Uint8Array }
  | { readonly do: 'repeat'; readonly bytes: Uint8Array; readonly everyMs: number }
  | { readonly do: 'end' }
  | { readonly do: 'fail'; readonly error: FakeFailure; readonly phase: FailurePhase }

export interface Script {
  /** The steps as planned. */
  readonly steps: readonly FakeStep[]
  readonly actions: readonly Action[]
  /** For each step, the index of its first action. A step is consumed when that action has begun. */
  readonly startsAt: readonly number[]
}

/** The progress of an exchange. */
const REACHED = ['new', 'connected', 'sent', 'answered', 'over'] as const
type Reached = (typeof REACHED)[number]

/** The progress that a step requires, as a range. Steps that are missing up to the lower end are implied. */
const POSSIBLE: Record<FakeStep['type'], readonly [from: Reached, to: Reached]> = {
  connect: ['new', 'new'],
  connect_stall: ['new', 'new'],
  connect_error: ['new', 'new'],
  send: ['connected', 'connected'],
  send_stall: ['connected', 'connected'],
  send_error: ['connected', 'connected'],
  delay: ['sent', 'answered'],
  stall: ['sent', 'answered'],
  head: ['sent', 'sent'],
  event: ['answered', 'answered'],
  comment: ['answered', 'answered'],
  bytes: ['answered', 'answered'],
  repeat: ['answered', 'answered'],
  eof: ['sent', 'answered'],
  reset: ['sent', 'answered'],
}

const utf8 = new TextEncoder()

/**
 * Adds the steps that a script implies.
 *
 * @throws TypeError for a step in an impossible place: headers twice, anything after the end.
 */
export function spellOut(attempt: FakeAttempt): Script {
  const steps = flatten(attempt)
  const actions: Action[] = []
  const startsAt: number[] = []
  let reached: Reached = 'new'

  for (const [n, step] of steps.entries()) {
    if (!isStep(step))
      throw new TypeError(`step ${n + 1} is ${shown(step)}; expected what \`fake\` makes, e.g. fake.stall()`)
    const [from, to] = POSSIBLE[step.type]
    if (isAfter(reached, to)) {
      const before = n > 0 ? ` after ${describeStep(steps[n - 1]!)}` : ''
      throw new TypeError(`step ${n + 1} (${describeStep(step)}) cannot come${before}`)
    }
    imply(from)
    startsAt.push(actions.length)
    reached = act(step)
  }
  if (reached !== 'over') {
    imply('sent')
    act({ type: 'eof' })
  }
  return { steps, actions, startsAt }

  function imply(until: Reached): void {
    if (reached === 'new' && isAfter(until, 'new')) {
      actions.push({ do: 'open', newConnection: false }, { do: 'opened' })
      reached = 'connected'
    }
    if (reached === 'connected' && isAfter(until, 'connected')) {
      actions.push({ do: 'write', all: true })
      reached = 'sent'
    }
    if (reached === 'sent' && isAfter(until, 'sent')) {
      actions.push({ do: 'head', status: 200, statusText: 'OK', headers: { 'content-type': 'text/event-stream' } })
      reached = 'answered'
    }
  }

  /** Adds the actions of one step. Returns the progress after it. */
  function act(step: FakeStep): Reached {
    switch (step.type) {
      case 'connect':
        actions.push({ do: 'open', newConnection: true }, { do: 'wait', ms: step.afterMs }, { do: 'opened' })
        return 'connected'
      case 'connect_stall':
        actions.push({ do: 'open', newConnection: true }, { do: 'hang' })
        return 'over'
      case 'connect_error':
        actions.push({ do: 'open', newConnection: true }, { do: 'wait', ms: step.afterMs })
        actions.push({ do: 'fail', error: step.error, phase: 'connect' })
        return 'over'
      case 'send':
        for (let part = 1; part < step.times; part++) {
          actions.push({ do: 'write', all: false }, { do: 'wait', ms: step.everyMs })
        }
        actions.push({ do: 'write', all: true })
        return 'sent'
      case 'send_stall':
        actions.push({ do: 'write', all: false }, { do: 'hang' })
        return 'over'
      case 'send_error':
        actions.push({ do: 'write', all: false }, { do: 'fail', error: step.error, phase: 'send' })
        return 'over'
      case 'delay':
        actions.push({ do: 'wait', ms: step.ms })
        return reached
      case 'stall':
        actions.push({ do: 'hang' })
        return 'over'
      case 'head':
        actions.push({ do: 'head', status: step.status, statusText: step.statusText, headers: step.headers })
        return 'answered'
      case 'event':
      case 'comment':
      case 'bytes': {
        const bytes = encode(step)
        // The transport port has no empty chunks.
        if (bytes.length > 0) actions.push({ do: 'data', bytes })
        return 'answered'
      }
      case 'repeat':
        actions.push({ do: 'repeat', bytes: encode(step.delivery), everyMs: step.everyMs })
        return 'over'
      case 'eof':
        actions.push(reached === 'answered' ? { do: 'end' } : { do: 'fail', error: 'UND_ERR_SOCKET', phase: 'read' })
        return 'over'
      case 'reset':
        actions.push({ do: 'fail', error: step.error, phase: 'read' })
        return 'over'
    }
  }
}

function flatten(attempt: FakeAttempt): readonly FakeStep[] {
  return [attempt].flat(2) as readonly FakeStep[]
}

function isStep(step: unknown): step is FakeStep {
  return typeof step === 'object' && step !== null && Object.hasOwn(POSSIBLE, (step as FakeStep).type)
}

function isAfter(a: Reached, b: Reached): boolean {
  return REACHED.indexOf(a) > REACHED.indexOf(b)
}

/** A copy: a script can be played many times, even if a receiver changes its chunks. */
function encode(delivery: FakeDelivery): Uint8Array {
  switch (delivery.type) {
    case 'event':
      return utf8.encode(sseFrame(delivery.event as Record<string, unknown>))
    case 'comment':
      return utf8.encode(`: ${delivery.text}\n\n`)
    case 'bytes':
      return typeof delivery.bytes === 'string' ? utf8.encode(delivery.bytes) : delivery.bytes.slice()
  }
}
