import type { Caller } from './caller.ts'
import type { HistoryEdit } from './schedule.ts'
import { PLANTED } from './secrets.ts'

/** An item of the input or of the output of a response. */
export type HistoryItem = Readonly<Record<string, unknown>>

/** A text stands for one message of the user. */
export function itemsOf(input: unknown): readonly HistoryItem[] {
  if (typeof input === 'string') return [{ type: 'message', role: 'user', content: input }]
  return Array.isArray(input) ? (input as HistoryItem[]) : []
}

/** Begins a call in its time, or once the one is over that it goes on from. */
export function begin(
  caller: Caller,
  callers: ReadonlyMap<number, Caller>,
  { at, call }: { readonly at: (ms: number, run: () => void) => void; readonly call: () => void },
): void {
  const { follows, at: when, id } = caller.plan
  const before = follows && callers.get(follows.call)
  if (before === undefined) {
    at(when, call)
    return
  }
  before.onSettled.push(() =>
    at(follows?.afterMs ?? 0, () => {
      if (follows?.by === 'id') caller.of = before.knownId
      else caller.history = historyBehind(before, follows?.edit, id)
      call()
    }),
  )
}

/** The input of a call that goes on where `before` has ended; `undefined` where that one has come to nothing. */
function historyBehind(
  before: Caller | undefined,
  edit: HistoryEdit | undefined,
  call: number,
): HistoryItem[] | undefined {
  const output = before && outputOf(before)
  if (before?.params === undefined || output === undefined) return undefined
  const history = edited([...itemsOf(before.params.input), ...output], edit)
  return edit === 'nothing_new' ? history : [...history, { role: 'user', content: `${PLANTED.prompt} ${call}` }]
}

interface Completed {
  readonly status?: string
  readonly output?: readonly HistoryItem[]
}

function outputOf({ outcome }: Caller): readonly HistoryItem[] | undefined {
  if (outcome?.kind === 'response') return whole(outcome.response as Completed)
  if (outcome?.kind !== 'body' || outcome.error !== undefined) return undefined
  const last = /^data: (\{"type":"response\.completed".*\})$/m.exec(outcome.text)?.[1]
  return last === undefined ? undefined : whole((JSON.parse(last) as { response: Completed }).response)
}

function whole({ status, output }: Completed): readonly HistoryItem[] | undefined {
  return status === 'completed' ? output : undefined
}

function edited(history: readonly HistoryItem[], edit: HistoryEdit | undefined): HistoryItem[] {
  const answer = history.findIndex(({ role }) => role === 'assistant')
  switch (edit) {
    case 'without_ids':
      return history.map(({ id: _id, status: _status, ...item }) => item)
    case 'bare_texts':
      return history.map((item) => (item.role === 'assistant' ? { role: 'assistant', content: textOf(item) } : item))
    case 'retext':
      return history.map((item, at) => (at === answer ? { ...item, content: 'something else' } : item))
    case 'reid':
      return history.map((item, at) => (at === answer ? { ...item, id: 'msg_of_the_caller' } : item))
    case 'drop':
      return history.slice(1)
    case 'double':
      return history.flatMap((item, at) => (at === 0 ? [item, item] : [item]))
    default:
      return [...history]
  }
}

function textOf({ content }: HistoryItem): string {
  if (typeof content === 'string') return content
  return (content as ReadonlyArray<{ readonly text: string }>).map(({ text }) => text).join('')
}

/** What an endpoint knows is what a caller has sent: the same items, but for what either may leave out. */
export function sameItems(known: readonly HistoryItem[], sent: readonly HistoryItem[]): boolean {
  return known.length === sent.length && known.every((item, at) => sameItem(item, sent[at] as HistoryItem))
}

function sameItem(known: HistoryItem, sent: HistoryItem): boolean {
  if (differs(known.id, sent.id) || differs(known.status, sent.status)) return false
  return canonical(known) === canonical(sent)
}

function differs(one: unknown, other: unknown): boolean {
  return one != null && other != null && one !== other
}

/** As a model sees an item: the bare text of the assistant is one part. */
function canonical({ id: _id, status: _status, ...item }: HistoryItem): string {
  const { content, role } = item
  const bare = role === 'assistant' && typeof content === 'string' ? [{ type: 'output_text', text: content }] : content
  const parts = Array.isArray(bare)
    ? bare.map(({ annotations: _a, logprobs: _l, ...part }: HistoryItem) => sorted(part))
    : bare
  return JSON.stringify(sorted({ ...item, type: item.type ?? 'message', content: parts }))
}

function sorted(item: HistoryItem): HistoryItem {
  return Object.fromEntries(Object.entries(item).sort(([one], [other]) => (one < other ? -1 : 1)))
}
