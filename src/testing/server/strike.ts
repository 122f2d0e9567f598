import { sseFrame } from '../streams.ts'
import type { Answer } from './answer.ts'
import type { Connection } from './connection.ts'
import type { Fault } from './faults.ts'
import type { AppliedFault } from './report.ts'

/** What is left to do for the one that a fault struck: everything, or nothing. */
export type Verdict = 'go_on' | 'stop'

const NO_HTTP = '\x00\x01 this is no HTTP \xff\r\n\r\n'

export interface Target {
  readonly connection: Connection
  /** `undefined` at `accept`. */
  readonly answer: Answer | undefined
  /** Stops answering for `ms`; answers whether the connection is still open then. */
  hold(ms: number): Promise<boolean>
  /** Gives a client in the same process the time to read what was sent before an RST overtakes it. */
  letClientRead(): Promise<void>
}

/** Makes one fault happen. */
export async function strike({ fault }: AppliedFault, target: Target): Promise<Verdict> {
  const { connection, answer } = target
  switch (fault.effect) {
    case 'stall':
      return (await target.hold(Number.POSITIVE_INFINITY)) ? 'go_on' : 'stop'
    case 'delay':
      return (await target.hold(fault.ms)) ? 'go_on' : 'stop'
    case 'reset':
      await target.letClientRead()
      connection.reset()
      return 'stop'
    case 'half_close':
      connection.halfClose()
      return 'stop'
    case 'eof':
      if (answer) await answer.endEarly()
      else connection.close()
      return 'stop'
    case 'garbage':
      return garbage(fault, target)
    case 'status':
      await answer?.sendStatus(fault.status, fault.headers ?? {}, fault.body)
      return 'stop'
    case 'event':
      await answer?.write((fault.events ?? []).map(sseFrame).join('') + (fault.raw ?? ''))
      return connection.open ? 'go_on' : 'stop'
  }
}

async function garbage(fault: Extract<Fault, { effect: 'garbage' }>, target: Target): Promise<Verdict> {
  await target.connection.write(fault.bytes ?? NO_HTTP)
  const next = fault.next ?? 'close'
  if (next === 'close') target.connection.close()
  if (next === 'stall') return (await target.hold(Number.POSITIVE_INFINITY)) ? 'go_on' : 'stop'
  return next === 'go_on' && target.connection.open ? 'go_on' : 'stop'
}
