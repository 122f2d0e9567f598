import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type Fit,
  fitRequest,
  incrementOf,
  inputOf,
  outputItemOf,
  printOfKnown,
  requestPrintOf,
  type Turn,
  withForm,
} from '../../../src/transport/websocket/fit.ts'
import type { Json } from '../../../src/transport/websocket/prints.ts'
import { invalid } from '../../support/typed.ts'

type Item = Record<string, Json>
type Body = Record<string, Json>

const message = (role: string, text: string, more: Item = {}): Item => ({
  type: 'message',
  role,
  content: text,
  ...more,
})
const answerItem: Item = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  status: 'completed',
  content: [{ type: 'output_text', text: 'Hi', annotations: [], logprobs: [] }],
}
const answerPart = (text: string): Item => ({ type: 'output_text', text, annotations: [] })
const body = (input: Json, more: Body = {}): Body => ({ model: 'gpt-5', store: false, input, ...more })

function turnOf(request: Body, ...output: Item[]): Turn {
  const print = requestPrintOf(request)
  if (print === undefined) throw new Error('no input')
  return { responseId: 'resp_1', request: print, output: output.map(outputItemOf) }
}

function fitOf(turn: Turn, request: Body): Fit {
  const print = requestPrintOf(request)
  if (print === undefined) throw new Error('no input')
  return fitRequest(turn, print)
}

const FIRST = [message('user', 'Hello')]
const NEXT = message('user', 'And now?')

describe('whether a request continues the last turn of a socket', () => {
  const turn = turnOf(body(FIRST), answerItem)

  it('is an increment after the last input and output: only the new items are sent, with every field', () => {
    const request = body([...FIRST, answerItem, NEXT], { metadata: { turn: '2' } })
    const found = fitOf(turn, request)
    expect(found).toEqual({ kind: 'incremental', previousResponseId: 'resp_1', known: 2 })
    expect(incrementOf(request, found as Extract<Fit, { kind: 'incremental' }>)).toEqual({
      model: 'gpt-5',
      store: false,
      metadata: { turn: '2' },
      previous_response_id: 'resp_1',
      input: [NEXT],
    })
  })

  it.each<[string, Item]>([
    [
      'without id, status, annotations and logprobs',
      message('assistant', '', { content: [{ type: 'output_text', text: 'Hi' }] }),
    ],
    [
      'with null in their place',
      {
        ...answerItem,
        id: null,
        status: null,
        content: [{ type: 'output_text', text: 'Hi', annotations: null, logprobs: null }],
      },
    ],
    ['with its keys in another order', Object.fromEntries(Object.entries(answerItem).reverse())],
    [
      'without a type, as messages may come',
      { role: 'assistant', content: [{ type: 'output_text', text: 'Hi' }], id: 'msg_1' },
    ],
    ['as a bare text, as the AI SDK sends it', { role: 'assistant', content: 'Hi' }],
  ])('is an increment if the output comes back %s', (_how, item) => {
    expect(fitOf(turn, body([...FIRST, item, NEXT])).kind).toBe('incremental')
  })

  it.each<[string, Item, number]>([
    ['with another id', { ...answerItem, id: 'msg_2' }, 1],
    ['with another status', { ...answerItem, status: 'incomplete' }, 1],
    [
      'with other annotations',
      { ...answerItem, content: [{ type: 'output_text', text: 'Hi', annotations: [{ type: 'url_citation' }] }] },
      1,
    ],
    ['with another text', { ...answerItem, content: [{ type: 'output_text', text: 'Ho' }] }, 1],
    ['with a field more', { ...answerItem, phase: 'commentary' }, 1],
    ['as another text', message('assistant', 'Ho'), 1],
    ['as the text of another role', message('user', 'Hi'), 1],
  ])('sends the whole if the output comes back %s', (_how, item, at) => {
    expect(fitOf(turn, body([...FIRST, item, NEXT]))).toEqual({ kind: 'whole', because: `item:${at}` })
  })

  it.each<[string, Json]>([
    ['of two texts', [answerPart('Hi'), answerPart('')]],
    ['of a refusal', [{ type: 'refusal', refusal: 'Hi' }]],
    ['of a text with a field more', [{ ...answerPart('Hi'), parsed: 'Hi' }]],
    ['without a text', []],
  ])('sends the whole if an answer %s comes back as a bare text: that says less', (_what, content) => {
    const partial = turnOf(body(FIRST), { ...answerItem, content })
    expect(fitOf(partial, body([...FIRST, message('assistant', 'Hi'), NEXT]))).toMatchObject({ because: 'item:1' })
  })

  it('accepts either form of an output item: that of its done event, or that of the whole response', () => {
    const other = {
      ...answerItem,
      content: [{ type: 'output_text', text: 'Hi', annotations: [{ type: 'url_citation' }] }],
    }
    const both: Turn = { ...turn, output: [withForm(outputItemOf(answerItem), other)] }
    for (const form of [answerItem, other]) expect(fitOf(both, body([...FIRST, form, NEXT])).kind).toBe('incremental')
  })

  it('reads a text as one message of the user', () => {
    expect(
      fitOf(turnOf(body('Hello'), answerItem), body([{ role: 'user', content: 'Hello' }, answerItem, NEXT])),
    ).toMatchObject({ known: 2 })
  })

  it.each<[string, Body]>([
    ['field:instructions', { instructions: 'Be brief.' }],
    ['field:tools', { tools: [] }],
    ['field:previous_response_id', { previous_response_id: 'resp_0' }],
    ['field:conversation', { conversation: 'conv_1' }],
    ['field:background', { background: true }],
    ['field:context_management', { context_management: [{ type: 'compaction' }] }],
    ['field:truncation', { truncation: 'auto' }],
    ['field:store', { store: true }],
  ])('sends the whole and says why: %s', (because, more) => {
    expect(fitOf(turn, body([...FIRST, answerItem, NEXT], more))).toEqual({ kind: 'whole', because })
  })

  it('sends the whole without store, because the endpoint then stores', () => {
    const { store: _, ...stored } = body([...FIRST, answerItem, NEXT])
    expect(fitOf(turn, stored)).toEqual({ kind: 'whole', because: 'field:store' })
  })

  it('sends the whole with a reference to an item, shortened, reordered, or with nothing new', () => {
    const whole = (...input: Item[]) => fitOf(turn, body(input))
    expect(whole(...FIRST, answerItem, { type: 'item_reference', id: 'msg_0' })).toEqual({
      kind: 'whole',
      because: 'item:2',
    })
    expect(whole(...FIRST)).toEqual({ kind: 'whole', because: 'item:1' })
    expect(whole(answerItem, ...FIRST, NEXT)).toEqual({ kind: 'whole', because: 'item:0' })
    expect(whole(...FIRST, answerItem)).toEqual({ kind: 'whole', because: 'item:2' })
  })

  it.each<[string, Item]>([
    ['a compaction', { type: 'compaction', id: 'cmp_1', encrypted_content: 'x' }],
    ['reasoning that was not encrypted', { type: 'reasoning', id: 'rs_1', summary: [] }],
    ['a hosted search', { type: 'web_search_call', id: 'ws_1', status: 'completed' }],
    ['an item of an unknown type', { type: 'telepathy_call', id: 't_1' }],
  ])('sends the whole after %s, about which the server knows more than the caller sends', (_what, item) => {
    expect(fitOf(turnOf(body(FIRST), item), body([...FIRST, item, NEXT]))).toEqual({ kind: 'whole', because: 'item:1' })
  })

  it('is an increment after encrypted reasoning and calls of the caller’s own tools', () => {
    const output = [
      { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'gAAA' },
      { type: 'function_call', id: 'fc_1', call_id: 'call_1', name: 'look', arguments: '{}', status: 'completed' },
    ]
    const result = { type: 'function_call_output', call_id: 'call_1', output: 'seen' }
    expect(fitOf(turnOf(body(FIRST), ...output), body([...FIRST, ...output, result]))).toMatchObject({ known: 3 })
  })
})

describe('against a model of the server', () => {
  /** Items that a caller may hold, from a small world, so that histories often nearly fit. */
  const text = fc.constantFrom('a', 'b', '__proto__', '\u{1F600}', '\ud800')
  const item: fc.Arbitrary<Item> = fc.oneof(
    fc.record({ type: fc.constant('message'), role: fc.constantFrom('user', 'developer'), content: text }),
    fc.record({ type: fc.constant('function_call_output'), call_id: fc.constantFrom('c1', 'c2'), output: text }),
  )
  const outputItem: fc.Arbitrary<Item> = fc.oneof(
    fc.record({
      type: fc.constant('message'),
      role: fc.constant('assistant'),
      id: fc.constantFrom('m1', 'm2'),
      status: fc.constant('completed'),
      content: fc.array(fc.record({ type: fc.constant('output_text'), text, annotations: fc.constant([]) }), {
        maxLength: 2,
      }),
    }),
    fc.record({
      type: fc.constant('function_call'),
      id: fc.constantFrom('f1', 'f2'),
      call_id: fc.constantFrom('c1', 'c2'),
      name: fc.constant('look'),
      arguments: text,
    }),
    fc.record({ type: fc.constant('web_search_call'), id: fc.constantFrom('w1', 'w2') }),
  )
  /** How a caller changes what it sends back. */
  const edit = fc.constantFrom('none', 'drop', 'swap', 'retext', 'strip', 'double', 'reid', 'shuffleKeys')
  const settings: fc.Arbitrary<Body> = fc.record(
    { instructions: fc.constantFrom('x', 'y'), tools: fc.constantFrom<Json>([], [{ type: 'function', name: 'look' }]) },
    { requiredKeys: [] },
  )

  it('the server knows in the end what the caller sent, whatever was edited, whole or incremental', () => {
    let increments = 0
    fc.assert(
      fc.property(
        fc.array(item, { minLength: 1, maxLength: 3 }),
        fc.array(outputItem, { maxLength: 3 }),
        fc.array(item, { maxLength: 2 }),
        fc.array(fc.tuple(edit, fc.nat()), { maxLength: 2 }),
        settings,
        settings,
        fc.boolean(),
        (input, output, added, edits, before, after, sameSettings) => {
          const turn = turnOf(body(input, before), ...output)
          let history = structuredClone([...input, ...output])
          for (const [kind, seed] of edits) history = edited(history, kind, seed)
          const request = body([...history, ...added], sameSettings ? before : after)
          const found = fitOf(turn, request)
          if (found.kind === 'whole') return
          increments++
          const sent = incrementOf(request, found)
          // What the server knows: its own items, and behind them those that were sent.
          const known = [...input, ...output, ...(inputOf(sent.input) ?? [])]
          expect(known.map(withoutOptional)).toEqual((request.input as Item[]).map(withoutOptional))
          for (const [i, one] of known.entries())
            expect(contradicts(one as Item, (request.input as Item[])[i] as Item)).toBe(false)
          expect({ ...sent, input: null, previous_response_id: null }).toEqual({
            ...request,
            input: null,
            previous_response_id: null,
          })
          expect(output.some(({ type }) => type === 'web_search_call')).toBe(false)
        },
      ),
      { numRuns: 3000 },
    )
    expect(increments).toBeGreaterThan(100)
  })
})

describe('a conversation against a model of the server, turn by turn', () => {
  /** What one socket's server knows: items as the model sees them. */
  interface Known {
    turn: Turn | undefined
    context: Json[]
  }

  /** The ways in which callers send the items of an output back. */
  const FORMS: Readonly<Record<string, (item: Item) => Item>> = {
    asItCame: (item) => item,
    // openai, where responses are parsed.
    withParsed: (item) =>
      item.type === 'message'
        ? { ...item, content: (item.content as Item[]).map((part) => ({ ...part, parsed: null })) }
        : item,
    // The AI SDK: without ids where nothing is stored, and an answer as a bare text.
    bareText: ({ id: _id, status: _status, ...item }) =>
      item.type === 'message'
        ? { role: 'assistant', content: (item.content as Item[]).map(({ text }) => text).join('') }
        : item,
    // agents-js: what it knows of a message, in its own order.
    inOtherOrder: (item) => withoutOptional(Object.fromEntries(Object.entries(item).reverse())) as Item,
    // Codex: names its own ids for what it makes itself, and keeps those of the endpoint.
    withoutStatus: ({ status: _, ...item }) => item,
  }

  const text = fc.constantFrom('a', 'b', 'c')
  const answer: fc.Arbitrary<Item[]> = invalid(
    fc.array(
      fc.oneof(
        fc.record({
          type: fc.constant('message'),
          role: fc.constant('assistant'),
          id: fc.constantFrom('m1', 'm2', 'm3'),
          status: fc.constant('completed'),
          content: fc.tuple(fc.record({ type: fc.constant('output_text'), text, annotations: fc.constant([]) })),
        }),
        fc.record({
          type: fc.constant('function_call'),
          id: fc.constantFrom('f1', 'f2'),
          call_id: fc.constantFrom('c1', 'c2'),
          name: fc.constant('look'),
          arguments: text,
          status: fc.constant('completed'),
        }),
        fc.record({
          type: fc.constant('reasoning'),
          id: fc.constant('r1'),
          encrypted_content: text,
          summary: fc.constant([]),
        }),
      ),
      { minLength: 1, maxLength: 3 },
    ),
  )
  const step = fc.record({
    form: fc.constantFrom(...Object.keys(FORMS)),
    /** Which conversation goes on, or is forked. */
    of: fc.nat(2),
    said: text,
    answer,
    edit: fc.option(fc.tuple(fc.constantFrom('drop', 'swap', 'double', 'retext', 'strip', 'reid'), fc.nat()), {
      nil: undefined,
    }),
    /** The answer is refused, or cut: its server knows nothing of it. */
    isLost: fc.boolean(),
  })

  it('each server knows after each turn what its caller sent, whatever was edited, forked, lost or rewritten', () => {
    let increments = 0
    fc.assert(
      fc.property(fc.array(step, { minLength: 2, maxLength: 8 }), (steps) => {
        const sockets: Known[] = []
        const histories: Item[][] = [[], [], []]
        for (const [n, { form, of, said, answer: output, edit, isLost }] of steps.entries()) {
          const before = histories[of] as Item[]
          const kept = edit === undefined ? before : edited(before, ...edit)
          const input = [...kept, message('user', said)]
          const request = body(input)
          const print = requestPrintOf(request)
          if (print === undefined) throw new Error('no input')
          let chosen: { socket: Known; turn: Turn; fit: Extract<Fit, { kind: 'incremental' }> } | undefined
          for (const socket of sockets) {
            const fit = socket.turn === undefined ? undefined : fitRequest(socket.turn, print)
            if (fit?.kind === 'incremental' && (chosen === undefined || fit.known > chosen.fit.known))
              chosen = { socket, turn: socket.turn as Turn, fit }
          }
          const socket = chosen?.socket ?? { turn: undefined, context: [] }
          if (chosen === undefined) sockets.push(socket)
          const sent = chosen === undefined ? request : incrementOf(request, chosen.fit)
          if (chosen !== undefined) increments++
          socket.context = [...(chosen === undefined ? [] : socket.context), ...(inputOf(sent.input) ?? [])]
          expect(socket.context.map(withoutOptional)).toEqual(input.map(withoutOptional))
          for (const [i, known] of socket.context.entries())
            expect(contradicts(known as Item, input[i] as Item)).toBe(false)
          if (isLost) {
            socket.turn = undefined
            continue
          }
          socket.context.push(...output)
          const known = chosen === undefined ? print : printOfKnown(chosen.turn, print, chosen.fit)
          socket.turn = { responseId: `resp_${n}`, request: known, output: output.map(outputItemOf) }
          histories[of] = [...input, ...output.map(FORMS[form] as (item: Item) => Item)]
        }
      }),
      { numRuns: 1500 },
    )
    expect(increments).toBeGreaterThan(500)
  })
})

function edited(history: Item[], kind: string, seed: number): Item[] {
  if (history.length === 0) return history
  const at = seed % history.length
  const one = history[at] as Item
  switch (kind) {
    case 'drop':
      return history.toSpliced(at, 1)
    case 'swap':
      return history.length < 2 ? history : [...history.slice(1), history[0] as Item]
    case 'double':
      return history.toSpliced(at, 0, one)
    case 'retext':
      return history.with(at, { ...one, content: 'other', output: 'other' })
    case 'strip':
      return history.with(at, withoutOptional(one) as Item)
    case 'reid':
      return history.with(at, { ...one, id: 'other' })
    case 'shuffleKeys':
      return history.with(at, Object.fromEntries(Object.entries(one).reverse()))
    default:
      return history
  }
}

/** An item as the model sees it: a bare text of the assistant is one part. */
function withoutOptional(value: Json): Json {
  const { id: _id, status: _status, ...item } = value as Item
  if (item.role === 'assistant' && typeof item.content === 'string')
    return { ...item, type: 'message', content: [{ type: 'output_text', text: item.content }] }
  if (!Array.isArray(item.content)) return item
  const content = item.content.map((part) => {
    const { annotations: _a, logprobs: _l, ...rest } = part as Item
    return rest
  })
  return { ...item, content }
}

function contradicts(one: Item, other: Item): boolean {
  return ['id', 'status'].some((key) => one[key] != null && other[key] != null && one[key] !== other[key])
}
