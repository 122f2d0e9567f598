import { anyOf, anything, checkObject, isInteger, isNumber, isOneOf, isType, type Rule, refuse } from './check.ts'
import type { Fault, FaultEffect, FaultPoint } from './faults.ts'

const WIRE = ['stall', 'delay', 'reset', 'half_close', 'eof', 'garbage'] as const
const STREAM = ['close', 'connection_limit', 'no_pongs'] as const
const ANSWER = ['frame', 'other_response', 'earlier_events'] as const

/** In the order of a request's life. */
const EFFECTS_AT = {
  accept: WIRE,
  upgrade: [...WIRE, 'status'],
  inside_upgrade: WIRE,
  upgraded: [...WIRE, 'event', ...STREAM],
  request_body: [...WIRE, 'status', ...STREAM],
  headers: [...WIRE, 'status', ...STREAM, ...ANSWER],
  before_event: [...WIRE, 'event', ...STREAM, ...ANSWER],
  inside_event: WIRE,
  after_terminal: [...WIRE, 'event', ...STREAM],
  after_response: [...WIRE, ...STREAM],
} satisfies Record<FaultPoint, readonly FaultEffect[]>

/** The codes that a close frame may carry. */
export const CLOSE_CODE: Rule = {
  vocabulary: true,
  accepts: 'a close code: 1000 to 1003, 1007 to 1014, or 3000 to 4999',
  test: (value) => {
    if (typeof value !== 'number' || !Number.isInteger(value)) return false
    return (value >= 1000 && value <= 1003) || (value >= 1007 && value <= 1014) || (value >= 3000 && value <= 4999)
  },
}

const INDEX = isInteger(Number.MIN_SAFE_INTEGER)

type Fields = Readonly<Record<string, Rule>>

const FIELDS_OF_EFFECT = {
  stall: {},
  reset: {},
  half_close: {},
  eof: {},
  delay: { ms: isNumber(0) },
  garbage: { bytes: anyOf(isType('string'), isType('object')), next: isOneOf(['close', 'stall', 'go_on']) },
  status: { status: isInteger(200, 599), headers: isType('object'), body: anything },
  event: { events: isType('object'), raw: isType('string') },
  close: { code: CLOSE_CODE, reason: isType('string') },
  connection_limit: { as: isOneOf(['error', 'close']) },
  no_pongs: {},
  frame: {
    as: isOneOf(['fragmented', 'pings', 'binary', 'compressed', 'giant', 'invalid_utf8']),
    bytes: isInteger(1, 2 ** 30),
  },
  other_response: { id: isType('string') },
  earlier_events: { from: INDEX, to: INDEX },
} satisfies Record<FaultEffect, Fields>

const REQUIRED = {
  delay: ['ms'],
  status: ['status'],
  close: ['code'],
  connection_limit: ['as'],
  frame: ['as'],
} as const

const SELECTION: Fields = {
  times: isInteger(1),
  probability: isNumber(0, 1),
  when: isType('function'),
}

/**
 * Throws a `TypeError` that says what is wrong with a fault.
 *
 * @param scripted a fault of a script, which must not have `times`, `probability` or `when`.
 */
export function checkFault(path: string, fault: Fault, scripted: boolean): void {
  if (typeof fault !== 'object' || fault === null)
    refuse(path, fault, 'a fault, e.g. { at: "headers", effect: "stall" }')
  const known: Fields = { at: isOneOf(Object.keys(EFFECTS_AT)), effect: isOneOf(Object.keys(FIELDS_OF_EFFECT)) }
  checkObject(path, { at: fault.at ?? null, effect: fault.effect ?? null }, known)

  const effects: readonly FaultEffect[] = EFFECTS_AT[fault.at]
  if (!effects.includes(fault.effect)) {
    throw new TypeError(`${path}: "${fault.effect}" cannot strike at "${fault.at}"; accepted: ${effects.join(', ')}`)
  }
  const numbered = fault.at === 'before_event' || fault.at === 'inside_event'
  checkObject(path, fault, {
    ...known,
    ...(numbered ? { event: isInteger(0), type: isType('string') } : {}),
    ...(FIELDS_OF_EFFECT[fault.effect] as Fields),
    label: isType('string'),
    ...(scripted ? {} : SELECTION),
  })
  if (numbered) {
    const { event, type } = fault as { readonly event?: unknown; readonly type?: unknown }
    if ((event === undefined) === (type === undefined)) {
      throw new TypeError(`${path} needs "event", the number of an event, or "type", the type of one, and not both`)
    }
  }
  for (const key of REQUIRED[fault.effect as keyof typeof REQUIRED] ?? []) {
    if ((fault as unknown as Record<string, unknown>)[key] === undefined) throw new TypeError(`${path} needs "${key}"`)
  }
  if (fault.effect === 'event' && fault.events === undefined && fault.raw === undefined) {
    throw new TypeError(`${path} needs "events" or "raw"`)
  }
  if (fault.times !== undefined && fault.probability !== undefined) {
    throw new TypeError(`${path}: "times" and "probability" cannot be combined`)
  }
}
