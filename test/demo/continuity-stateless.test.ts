import { beforeAll, describe, expect, test } from 'vitest'
import { newInput, TURNS } from '../../demo/continuity/conversation.ts'
import { previousIdOf, turnOf } from '../../demo/continuity/endpoint.ts'
import { MOST_BYTES_PER_TURN, statelessBounds } from '../../demo/continuity/stateless/bounds.ts'
import { drawUploads } from '../../demo/continuity/stateless/chart.ts'
import { drawUploadFigures } from '../../demo/continuity/stateless/figures.ts'
import { drawConnectionLosses } from '../../demo/continuity/stateless/losses.ts'
import { bytesOf, measureUploads, uploadTotals } from '../../demo/continuity/stateless/measure.ts'
import { runStateless, type StatelessRun } from '../../demo/continuity/stateless/run.ts'
import type { Terminal } from '../../demo/terminal.ts'
import type { ResilientClient } from '../../src/index.ts'
import type { JsonObject } from '../../src/testing/index.ts'
import type { MockRequest, MockSocket } from '../../src/testing/server.ts'
import { expectNothingLeft } from '../e2e/support/nothing-left.ts'
import { standIn } from '../support/typed.ts'

const SEED = 4
/** Silences are real time. */
const RUN_MS = 60_000
const ALL_TURNS = Array.from({ length: TURNS }, (_, index) => index + 1)

/** Without the ids of items, which the two endpoints number by their requests. */
function inputOf({ json }: MockRequest): object[] {
  return (json as { readonly input: readonly JsonObject[] }).input.map(({ id: _id, ...item }) => item)
}

const plain: Terminal = { width: 80, live: false, paint: (_style, text) => text, print: () => {}, redraw: () => {} }

describe('17 turns with the whole history in each, and a connection lost in every third', () => {
  const losses = drawConnectionLosses(SEED)
  const requests = new Map<string, readonly MockRequest[]>()
  const sockets = new Map<string, readonly MockSocket[]>()
  let run: StatelessRun

  beforeAll(async () => {
    run = await runStateless({
      seed: SEED,
      signal: new AbortController().signal,
      async inspect(name, { server }, contestant) {
        requests.set(name, server.requests)
        sockets.set(name, server.sockets)
        server.assertConsumed({ allowMore: true })
        if (!('client' in contestant)) return expect.unreachable()
        await expectNothingLeft(contestant.client as ResilientClient, server)
      },
    })
  }, RUN_MS)

  const requestsOf = (name: string, turn: number): MockRequest[] =>
    (requests.get(name) ?? []).filter((request) => turnOf(request) === turn)

  test('the limit of 60 minutes strikes the WebSocket once, and both agents lose the connection in every third turn', () => {
    expect(losses.filter(({ isLimit }) => isLimit)).toHaveLength(1)
    const thirds = ALL_TURNS.filter((turn) => turn % 3 === 0)
    const lostIn = ({ turns }: StatelessRun['overHttp']) => turns.filter(({ lost }) => lost).map(({ turn }) => turn)
    expect(lostIn(run.overHttp)).toEqual(thirds)
    expect(lostIn(run.overSockets)).toEqual(losses.map(({ turn }) => turn))
  })

  test('over HTTP every request carries the whole history, and a retry the same bytes', () => {
    for (const turn of ALL_TURNS) {
      const attempts = requestsOf('over HTTP', turn)
      expect(attempts.map(({ transport }) => transport)).toEqual(turn % 3 === 0 ? ['http', 'http'] : ['http'])
      expect(new Set(attempts.map(({ body }) => body.toString())).size).toBe(1)
      expect(attempts[0]?.json).toMatchObject({ store: false, stream: true })
      expect(previousIdOf(attempts[0] as MockRequest)).toBeUndefined()
    }
    expect(sockets.get('over HTTP')).toEqual([])
  })

  test('over WebSockets only the new input goes up, and after a loss the whole history once, on a new socket', () => {
    let before: MockRequest | undefined
    for (const turn of ALL_TURNS) {
      const attempts = requestsOf('over WebSockets', turn)
      const isLost = losses.some((loss) => loss.turn === turn)
      expect(attempts.map(({ transport }) => transport)).toEqual(Array(isLost ? 2 : 1).fill('websocket'))
      const [first, second] = attempts as [MockRequest, MockRequest | undefined]
      expect(first.json).toMatchObject({ store: false, input: newInput(turn, SEED) })
      expect(previousIdOf(first)).toBe(before === undefined ? undefined : `resp_${before.number}`)
      if (before !== undefined) expect(first.socketNumber).toBe(before.socketNumber)
      if (second !== undefined) {
        expect(previousIdOf(second)).toBeUndefined()
        const [whole] = requestsOf('over HTTP', turn)
        expect(inputOf(second)).toEqual(inputOf(whole ?? expect.unreachable()))
        expect(second.socketNumber).not.toBe(first.socketNumber)
      }
      before = second ?? first
    }
    expect(sockets.get('over WebSockets')).toHaveLength(1 + losses.length)
  })

  test('both agents get every answer whole and no error, and the model is given the whole conversation', () => {
    for (const { turns } of [run.overHttp, run.overSockets]) {
      expect(turns.map(({ answered, errors, informed }) => ({ answered, errors, informed }))).toEqual(
        Array(TURNS).fill({ answered: true, errors: [], informed: true }),
      )
    }
  })

  test('the figures add up to what the endpoints counted', () => {
    for (const { name, turns } of [run.overHttp, run.overSockets]) {
      const counted = requests.get(name) ?? []
      const sum = (value: (request: MockRequest) => number) => counted.reduce((all, each) => all + value(each), 0)
      expect(bytesOf(turns)).toBe(sum(({ body }) => body.length))
      expect(uploadTotals(turns).tokens).toBe(sum(({ inputTokens }) => inputTokens))
      expect(uploadTotals(turns).attempts).toBe(counted.length)
    }
    const received = (sockets.get('over WebSockets') ?? []).reduce((all, each) => all + each.receivedBytes, 0)
    expect(bytesOf(run.overSockets.turns)).toBe(received)
  })

  test('the bounds hold, and each of them would fail without what it claims', () => {
    expect(statelessBounds(run).filter(({ holds }) => !holds)).toEqual([])
    const failed = (changed: Partial<StatelessRun>) =>
      statelessBounds({ ...run, ...changed })
        .filter(({ holds }) => !holds)
        .map(({ claim }) => claim.replace(/^.*?: /, ''))
    const { overHttp, overSockets } = run
    const withTurn = (number: number, change: object) => ({
      ...overSockets,
      turns: overSockets.turns.map((turn) => (turn.turn === number ? { ...turn, ...change } : turn)),
    })
    expect(failed({ overSockets: overHttp })).toEqual([
      'each planned loss struck',
      'at most 10 KB a turn without a loss',
      'after a loss the whole history, once',
      'at most 0.35 × the bytes over HTTP',
    ])
    expect(failed({ overSockets: withTurn(3, { lost: false }) })).toEqual([
      'each planned loss struck',
      'after a loss the whole history, once',
    ])
    expect(failed({ overSockets: withTurn(4, { first: MOST_BYTES_PER_TURN + 1 }) })).toEqual([
      'at most 10 KB a turn without a loss',
    ])
    expect(failed({ overSockets: withTurn(6, { whole: 2 }) })).toEqual(['after a loss the whole history, once'])
    expect(failed({ overSockets: withTurn(4, { answered: false }) })).toEqual(['every turn answered'])
    expect(failed({ overSockets: withTurn(4, { errors: ['socket_closed'] }) })).toEqual(['no error for the agent'])
    expect(failed({ overSockets: withTurn(4, { informed: false }) })).toEqual([
      'the model was given the whole conversation',
    ])
  })

  test('the chart, the table and the bounds show the figures of the run within 80 columns', () => {
    const chart = drawUploads(plain, run)
    const table = drawUploadFigures(plain, run)
    for (const line of [...chart, ...table]) expect(line.length, line).toBeLessThanOrEqual(80)
    for (const { claim, measured } of statelessBounds(run)) expect(claim.length + measured.length).toBeLessThan(70)
    for (const turn of ALL_TURNS) {
      const bars = chart.find((line) => line.startsWith(`${String(turn).padStart(6)}  `)) ?? ''
      const kilobytes = [run.overHttp, run.overSockets].map(({ turns }) => {
        const { first, again } = turns[turn - 1] ?? expect.unreachable()
        return String(Math.round((first + again) / 1000))
      })
      expect(bars.match(/[\d,]+(?= KB)/g)).toEqual(kilobytes)
      const loss = losses.find((each) => each.turn === turn)
      expect(bars.includes('░')).toBe(loss !== undefined)
      expect(bars).toContain(loss?.place ?? '')
    }
    const inAll = table.find((line) => line.includes('in all'))
    for (const { turns } of [run.overHttp, run.overSockets]) {
      expect(inAll).toContain(uploadTotals(turns).tokens.toLocaleString('en-US'))
      expect(inAll).toContain((uploadTotals(turns).again / 1000).toFixed(1))
    }
  })
})

test('the losses depend on the seed alone, occur at all places and in both ways, and the limit is never with them', () => {
  expect(drawConnectionLosses(7)).toEqual(drawConnectionLosses(7))
  expect(new Set(Array.from({ length: 50 }, (_, seed) => JSON.stringify(drawConnectionLosses(seed)))).size).toBe(12)
  for (let seed = 0; seed < 50; seed++) {
    const losses = drawConnectionLosses(seed)
    expect(losses.filter(({ isLimit }) => !isLimit).map(({ turn }) => turn)).toEqual([3, 6, 9, 12, 15])
    expect(new Set(losses.map(({ turn }) => turn)).size).toBe(6)
    expect(new Set(losses.map(({ place }) => place)).size).toBe(4)
    expect(new Set(losses.map(({ place, name }) => `${name} ${place}`)).size).toBe(6)
  }
})

test('a turn in which the model was given less or more than the conversation is told', () => {
  const history = [{ role: 'user', content: 'Hello' }]
  const request = standIn<MockRequest>({ call: 'turn 1', body: Buffer.from('abc'), inputTokens: 7, json: {} })
  const informed = (known: readonly JsonObject[] | undefined) =>
    measureUploads(
      { requests: [request], appliedFaults: [], contextOf: () => known },
      { losses: [], seen: [{ turn: 1, errors: [], answered: true }], histories: new Map([[1, history]]) },
    )[0]
  expect(informed([{ role: 'user', content: 'Hello' }])).toMatchObject({
    informed: true,
    first: 3,
    again: 0,
    tokens: 7,
  })
  expect(informed([])?.informed).toBe(false)
  expect(informed([...history, ...history])?.informed).toBe(false)
  expect(informed(undefined)?.informed).toBe(false)
})
