import type { Answer } from './answer.ts'
import type { Connection } from './connection.ts'
import type { Fault } from './faults.ts'
import type { AppliedFault } from './report.ts'
import type { SocketControls } from './socket/controls.ts'
import type { UpgradeAnswer } from './socket/upgrade-answer.ts'

/** Whether the request or connection continues after a fault. */
export type Verdict = 'go_on' | 'stop'

const NO_HTTP = '\x00\x01 this is not HTTP \xff\r\n\r\n'

/** The connection, WebSocket and request that a fault strikes. */
export interface Struck {
  readonly connection: Connection
  /** `undefined` over HTTP, and before the upgrade was accepted. */
  readonly socket?: SocketControls | undefined
  /** Set until the upgrade is answered. */
  readonly upgrade?: UpgradeAnswer | undefined
  /** `undefined` before a request. */
  readonly answer?: Answer | undefined
}

export interface Target extends Struck {
  /** Stops answering for `ms`. Returns whether the connection is still open after that. */
  hold(ms: number): Promise<boolean>
  /** Lets a client in the same process read what was sent before an RST overtakes it. */
  letClientRead(): Promise<void>
}

/** Executes one fault. */
export async function strike({ fault }: AppliedFault, target: Target): Promise<Verdict> {
  const { connection, socket, upgrade, answer } = target
  const { onSocket } = answer ?? {}
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
      await (answer ?? upgrade)?.sendStatus(fault.status, fault.headers ?? {}, fault.body)
      return 'stop'
    case 'event':
      await (answer ?? socket)?.sendEvents(fault.events ?? [], fault.raw)
      return goOnIfOpen(target)
    case 'close':
      socket?.close(fault.code, fault.reason)
      return 'stop'
    case 'connection_limit':
      socket?.endLife(fault.as)
      return 'stop'
    case 'no_pongs':
      socket?.ignorePings()
      return 'go_on'
    case 'frame':
      onSocket?.frameAs(fault, fault.at === 'headers')
      return 'go_on'
    case 'other_response':
      answer?.renameResponse(fault.id ?? 'resp_mock_other')
      return 'go_on'
    case 'earlier_events':
      await answer?.sendEvents(onSocket?.earlierEvents().slice(fault.from ?? -1, fault.to) ?? [])
      return goOnIfOpen(target)
  }
}

async function garbage(fault: Extract<Fault, { effect: 'garbage' }>, target: Target): Promise<Verdict> {
  await target.connection.write(fault.bytes ?? NO_HTTP)
  const next = fault.next ?? 'close'
  if (next === 'close') target.connection.close()
  if (next === 'stall') return (await target.hold(Number.POSITIVE_INFINITY)) ? 'go_on' : 'stop'
  return next === 'go_on' ? goOnIfOpen(target) : 'stop'
}

function goOnIfOpen({ connection }: Target): Verdict {
  return connection.open ? 'go_on' : 'stop'
}
