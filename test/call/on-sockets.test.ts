import { describe, expect, it } from 'vitest'
import type { Attempt } from '../../src/call/attempt.ts'
import type { RaceOutcome } from '../../src/call/hedge-race.ts'
import type { LostConversation } from '../../src/call/lost-conversation.ts'
import { OnSockets, type SocketCall } from '../../src/call/on-sockets.ts'
import { LostOnSocket, type SocketRoute, type SocketVerdict } from '../../src/call/socket-plan.ts'
import type { ReplaySafety } from '../../src/errors/errors.ts'
import { type Failure, failure } from '../../src/errors/failure.ts'
import { VirtualClock } from '../../src/testing/index.ts'
import type { SocketConnection, TransportRequest } from '../../src/transport/transport.ts'
import { standIn } from '../support/typed.ts'

const url = new URL('https://api.test/v1/responses')
const lost = failure('connection_reset')

interface Given {
  readonly verdict?: SocketVerdict
  readonly hasRoute?: boolean
  readonly replay?: ReplaySafety
  readonly canRefresh?: boolean
  readonly totalMs?: number
  /** How often the caller rebuilds the request. */
  readonly rebuilds?: number
  readonly outcomes?: ReadonlyArray<RaceOutcome | Error>
}

/** A call that began at 1000, 100 ms ago. */
function onSockets({ verdict, hasRoute = true, replay = 'safe', totalMs = 0, rebuilds = 0, ...given }: Given = {}) {
  const clock = new VirtualClock({ startMs: 1100 })
  const asked: unknown[][] = []
  const judged: unknown[][] = []
  const refreshes: boolean[] = []
  const errors: unknown[][] = []
  const outcomes = [...(given.outcomes ?? [])]
  const off = { ms: 0, source: 'default' } as const
  let left = rebuilds
  const call = standIn<SocketCall>({
    effective: { body: { kind: 'none' }, replaySafety: () => replay },
    context: { clock },
    deadlines: { startedAt: 1000, total: { ms: totalMs, source: 'option' }, beforeCommit: off, commitAfterMs: 0 },
    decisions: { canRefresh: () => given.canRefresh ?? false },
    attempts: ['history'],
    lostConversation: standIn<LostConversation>({
      goesOnWithoutSocket: async (...args: unknown[]) => {
        asked.push(args)
        return left-- > 0
      },
    }),
    errorOf: (failed: Failure, ...facts: unknown[]) => {
      errors.push([failed.code, ...facts])
      return new Error(failed.message)
    },
  })
  const route = standIn<SocketRoute>({
    after: (...args: unknown[]) => {
      judged.push(args)
      return verdict
    },
  })
  const own = new OnSockets(call, {
    route: hasRoute ? route : undefined,
    run: async (refresh) => {
      refreshes.push(refresh)
      const outcome = outcomes.shift()
      if (outcome instanceof Error || outcome === undefined) throw outcome
      return outcome
    },
  })
  return { own, asked, judged, refreshes, errors }
}

function attemptOn(connection: TransportRequest['connection']): Attempt {
  return standIn<Attempt>({ number: 3, request: { url, connection } })
}
const socket = standIn<SocketConnection['socket']>({})
const STRICT = attemptOn({ socket, strict: true })
const ANY_SOCKET = attemptOn({ socket, strict: false })

describe('an attempt that only one socket can carry', () => {
  const opened = standIn<RaceOutcome>({ attempt: STRICT })
  const gone = () => new LostOnSocket('That WebSocket is closed. Nothing was sent.', { url, headers: [['a', '1']] })

  it('is made again if the caller rebuilds the request', async () => {
    const { own, asked, refreshes } = onSockets({ outcomes: [gone(), opened], rebuilds: 1 })
    expect(await own.run(true)).toBe(opened)
    expect(asked).toEqual([[{ url, headers: [['a', '1']], body: { kind: 'none' } }, 0, ['history']]])
    expect(refreshes).toEqual([true, true])
  })

  it('fails the call with the reason otherwise', async () => {
    const { own, errors } = onSockets({ outcomes: [gone()] })
    await expect(own.run(false)).rejects.toThrow(
      'The response of previous_response_id was made with store: false on a WebSocket, whose server alone keeps it. That WebSocket is closed. Nothing was sent. Send the whole input without previous_response_id, or rebuild it in onPreviousResponseNotFound.',
    )
    expect(errors).toEqual([['previous_response_not_found', undefined, 'not_retryable']])
  })

  it('passes every other error on', async () => {
    const { own, asked } = onSockets({ outcomes: [new TypeError('headers')], rebuilds: 1 })
    await expect(own.run(false)).rejects.toThrow(new TypeError('headers'))
    expect(asked).toEqual([])
  })
})

describe('another attempt at once', () => {
  it('does not follow without a route or a verdict', async () => {
    for (const given of [{ hasRoute: false }, { verdict: undefined }]) {
      const { own } = onSockets(given)
      expect(await own.goesAnotherWay(ANY_SOCKET, lost)).toBe(false)
    }
  })

  it('follows if nothing was done, or the request is safe to send again', async () => {
    const again = (isUnprocessed: boolean, replay: ReplaySafety) =>
      onSockets({ verdict: { kind: 'again', isUnprocessed }, replay }).own.goesAnotherWay(ANY_SOCKET, lost)
    expect(await again(true, 'unsafe')).toBe(true)
    expect(await again(false, 'safe')).toBe(true)
    expect(await again(false, 'unknown')).toBe(false)
    expect(await again(false, 'unsafe')).toBe(false)
  })

  it('does not follow when the time of the call is over', async () => {
    const again = (totalMs: number) =>
      onSockets({ verdict: { kind: 'again', isUnprocessed: true }, totalMs }).own.goesAnotherWay(ANY_SOCKET, lost)
    expect(await again(101)).toBe(true)
    expect(await again(100)).toBe(false)
  })

  it('is decided with the failure, and with whether a credential will be replaced', async () => {
    for (const canRefresh of [true, false]) {
      const { own, judged } = onSockets({ canRefresh })
      await own.goesAnotherWay(ANY_SOCKET, lost)
      expect(judged).toEqual([[ANY_SOCKET, lost, canRefresh]])
    }
  })

  it('follows a lost conversation if the caller rebuilds the request', async () => {
    const verdict = { kind: 'lost', why: 'It broke.' } as const
    const rebuilt = onSockets({ verdict, rebuilds: 1 })
    expect(await rebuilt.own.goesAnotherWay(STRICT, lost)).toBe(true)
    expect(rebuilt.asked).toEqual([[STRICT.request, 3, ['history']]])
    const kept = onSockets({ verdict })
    await expect(kept.own.goesAnotherWay(STRICT, lost)).rejects.toThrow('whose server alone keeps it. It broke. Send')
    expect(kept.errors).toEqual([['previous_response_not_found', STRICT, 'not_retryable']])
  })
})

describe('a request that broke after the commit', () => {
  it('is rebuilt by the caller, if only one socket could carry it', async () => {
    const { own, asked } = onSockets({ rebuilds: 1 })
    expect(await own.rebuildsStrict(STRICT, lost)).toBe(true)
    expect(asked).toEqual([[STRICT.request, 3, ['history']]])
  })

  it('fails with its failure, if only one socket could carry it and it is not rebuilt', async () => {
    const { own, errors } = onSockets()
    await expect(own.rebuildsStrict(STRICT, lost)).rejects.toThrow(lost.message)
    expect(errors).toEqual([['connection_reset', STRICT, 'not_replayable']])
  })

  it('is sent again as any other, if every connection could carry it', async () => {
    for (const attempt of [attemptOn('any'), attemptOn('fresh'), ANY_SOCKET]) {
      const { own, asked } = onSockets({ rebuilds: 1 })
      expect([await own.rebuildsStrict(attempt, lost), asked]).toEqual([false, []])
    }
  })
})
