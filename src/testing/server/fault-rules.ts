import { anyOf, anything, checkObject, isInteger, isNumber, isOneOf, isType, type Rule, refuse } from './check.ts'
import type { Fault, FaultEffect, FaultPoint } from './faults.ts'

const SOCKET_EFFECTS = ['stall', 'delay', 'reset', 'half_close', 'eof', 'garbage'] as const

/** The order is the order of a request's life. */
const EFFECTS_AT = {
  accept: SOCKET_EFFECTS,
  request_body: [...SOCKET_EFFECTS, 'status'],
  headers: [...SOCKET_EFFECTS, 'status'],
  before_event: [...SOCKET_EFFECTS, 'event'],
  inside_event: SOCKET_EFFECTS,
  after_terminal: [...SOCKET_EFFECTS, 'event'],
  after_response: SOCKET_EFFECTS,
} satisfies Record<FaultPoint, readonly FaultEffect[]>

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
} satisfies Record<FaultEffect, Fields>

const REQUIRED = { delay: ['ms'], status: ['status'] } as const

const SELECTION: Fields = {
  times: isInteger(1),
  probability: isNumber(0, 1),
  when: isType('function'),
}

/**
 * Throws a `TypeError` that says what is wrong with a fault.
 *
 * @param scripted faults of a script have their place in it instead of `times`, `probability` and `when`.
 */
export function checkFault(path: string, fault: Fault, scripted: boolean): void {
  if (typeof fault !== 'object' || fault === null)
    refuse(path, fault, 'a fault, e.g. { at: "headers", effect: "stall" }')
  const known: Fields = { at: isOneOf(Object.keys(EFFECTS_AT)), effect: isOneOf(Object.keys(FIELDS_OF_EFFECT)) }
  checkObject(path, { at: fault.at ?? null, effect: fault.effect ?? null }, known)

  const effects: readonly FaultEffect[] = EFFECTS_AT[fault.at]
  if (!effects.includes(fault.effect)) {
    throw new TypeError(`${path}: "${fault.effect}" cannot strike at "${fault.at}". There: ${effects.join(', ')}`)
  }
  const numbered = fault.at === 'before_event' || fault.at === 'inside_event'
  checkObject(path, fault, {
    ...known,
    ...(numbered ? { event: isInteger(0) } : {}),
    ...(FIELDS_OF_EFFECT[fault.effect] as Fields),
    label: isType('string'),
    ...(scripted ? {} : SELECTION),
  })
  const required = [...(numbered ? ['event'] : []), ...(REQUIRED[fault.effect as keyof typeof REQUIRED] ?? [])]
  for (const key of required) {
    if ((fault as unknown as Record<string, unknown>)[key] === undefined) throw new TypeError(`${path} needs "${key}"`)
  }
  if (fault.effect === 'event' && fault.events === undefined && fault.raw === undefined) {
    throw new TypeError(`${path} needs "events" or "raw"`)
  }
  if (fault.times !== undefined && fault.probability !== undefined) {
    throw new TypeError(`${path}: "times" and "probability" exclude each other`)
  }
}
