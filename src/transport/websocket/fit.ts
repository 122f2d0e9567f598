import { digestOf, fits, type ItemPrint, isObject, type Json, printOf, withOptionalOf } from './prints.ts'

/** The digests by which two requests are compared. Holds no content. */
export interface RequestPrint {
  /** Digest of each field that must be the same in the next request. */
  readonly fields: ReadonlyMap<string, string>
  readonly items: readonly ItemPrint[]
  /** Set if the request can only be sent whole: the reason, `field:NAME` or `item:N`. */
  readonly onlyWhole: string | undefined
}

/** The request and the output that the server of a socket knows after a completed response. Holds no content. */
export interface Turn {
  readonly responseId: string
  readonly request: RequestPrint
  /** The items of the output, each in the forms in which the server sent it. */
  readonly output: readonly OutputItem[]
}

export interface OutputItem {
  readonly forms: readonly ItemPrint[]
  /** The server may know more about the item than the caller can send back. */
  readonly isOpaque: boolean
}

/** How a request is sent on a socket, and why. */
export type Fit =
  | {
      readonly kind: 'incremental'
      readonly previousResponseId: string /** Items of the input that the server has. */
      readonly known: number
    }
  | { readonly kind: 'whole'; readonly because: string }

/** Fields that apply to one request only, so they may differ from request to request. */
const FIELDS_OF_A_TURN: ReadonlySet<string> = new Set([
  'input',
  'metadata',
  'client_metadata',
  'stream',
  'stream_options',
  'tool_choice',
  'max_output_tokens',
  // With `false` the endpoint stores the input and generates no output.
  'generate',
])

/** Fields that prevent an increment: with them the server knows something other than the caller sent. `null` counts as absent. */
const NEVER: ReadonlyArray<readonly [field: string, isMet: (value: Json) => boolean]> = [
  ['previous_response_id', () => true],
  ['conversation', () => true],
  ['background', (value) => value !== false],
  ['context_management', () => true],
  ['truncation', (value) => value !== 'disabled'],
  // Increments are for callers that keep the whole conversation themselves.
  ['store', (value) => value !== false],
]

/** @returns `undefined` for a body without an input. */
export function requestPrintOf(body: Readonly<Record<string, Json>>): RequestPrint | undefined {
  const input = inputOf(body.input)
  if (input === undefined) return undefined
  const fields = new Map<string, string>()
  for (const [name, value] of Object.entries(body)) {
    if (value !== null && !FIELDS_OF_A_TURN.has(name)) fields.set(name, digestOf(value))
  }
  const never = NEVER.find(([field, isMet]) => body[field] != null && isMet(body[field] as Json))
  // An endpoint stores responses unless it is told not to.
  const field = never?.[0] ?? (body.store == null ? 'store' : undefined)
  const reference = input.findIndex(isReference)
  return {
    fields,
    items: input.map(printOf),
    onlyWhole: field !== undefined ? `field:${field}` : reference >= 0 ? `item:${reference}` : undefined,
  }
}

/** A reference needs no type: an item without a role and a type is one. */
function isReference(item: Json): boolean {
  return isObject(item) && (item.type === 'item_reference' || (item.type == null && item.role == null))
}

/** A text stands for one message of the user. */
export function inputOf(input: Json | undefined): readonly Json[] | undefined {
  if (typeof input === 'string') return [{ type: 'message', role: 'user', content: input }]
  return Array.isArray(input) ? input : undefined
}

/** Items that a caller can send back as the server has them. Of any other type the server may know more. */
const PORTABLE: ReadonlySet<unknown> = new Set([
  'message',
  'function_call',
  'custom_tool_call',
  'local_shell_call',
  'computer_call',
  'apply_patch_call',
])

/** An item of the output, in one of the forms in which the server sends it. */
export function outputItemOf(form: Json): OutputItem {
  return { forms: [printOf(form)], isOpaque: !isPortable(form) }
}

/** Adds a form to an item: `response.output_item.done` sends one form, `response.completed` may send another. */
export function withForm({ forms, isOpaque }: OutputItem, form: Json): OutputItem {
  return { forms: [...forms, printOf(form)], isOpaque: isOpaque || !isPortable(form) }
}

/**
 * A print in which all forms of one item are equal: what the model said, and the id. Left out are annotations and the status,
 * which may come late, and the text of encrypted reasoning, which may be encrypted anew for each form.
 */
export function identityOf(form: Json): ItemPrint {
  const isReasoning = isObject(form) && form.type === 'reasoning'
  const { digest, optional } = printOf(isReasoning ? { ...form, encrypted_content: null } : form)
  return { digest, optional: optional.filter(([path]) => path === 'id') }
}

function isPortable(item: Json): boolean {
  if (!isObject(item)) return false
  if (item.type === 'reasoning') return typeof item.encrypted_content === 'string' && item.encrypted_content !== ''
  return PORTABLE.has(item.type)
}

/**
 * Whether a request continues what the server knows after `turn`: every field is equal, and its input begins with the last
 * input and the last output. Then the server knows exactly what the caller sent. Pure.
 */
export function fitRequest(turn: Turn, request: RequestPrint): Fit {
  const { onlyWhole } = request
  if (onlyWhole !== undefined) return { kind: 'whole', because: onlyWhole }
  const field = differingField(turn.request.fields, request.fields)
  if (field !== undefined) return { kind: 'whole', because: `field:${field}` }
  const before = turn.request.items
  const known = before.length + turn.output.length
  for (let i = 0; i < known; i++) {
    const item = request.items[i]
    const output = i < before.length ? undefined : turn.output[i - before.length]
    const isSame =
      item !== undefined &&
      (output === undefined
        ? fits(before[i] as ItemPrint, item)
        : !output.isOpaque && output.forms.some((form) => fits(form, item)))
    if (!isSame) return { kind: 'whole', because: `item:${i}` }
  }
  if (request.items.length === known) return { kind: 'whole', because: `item:${known}` }
  return { kind: 'incremental', previousResponseId: turn.responseId, known }
}

/**
 * The print that the next request is compared with, after this one was sent as an increment. The server knows each item as it
 * was sent first, perhaps with fields that this request left out. The print keeps those fields, so that a later request with
 * another value for one of them does not fit.
 */
export function printOfKnown(
  turn: Turn,
  request: RequestPrint,
  { known }: Extract<Fit, { kind: 'incremental' }>,
): RequestPrint {
  const before = turn.request.items
  const items = request.items.map((item, i) => {
    if (i >= known) return item
    const forms = i < before.length ? [before[i] as ItemPrint] : (turn.output[i - before.length]?.forms ?? [])
    return withOptionalOf(
      item,
      forms.find((form) => fits(form, item)),
    )
  })
  return { ...request, items }
}

function differingField(one: ReadonlyMap<string, string>, other: ReadonlyMap<string, string>): string | undefined {
  for (const [name, digest] of one) if (other.get(name) !== digest) return name
  for (const name of other.keys()) if (!one.has(name)) return name
  return undefined
}

/** The body to send for an increment: every field of the new body, and only the items that the server does not have. */
export function incrementOf(
  body: Readonly<Record<string, Json>>,
  { previousResponseId, known }: Extract<Fit, { kind: 'incremental' }>,
): Record<string, Json> {
  return { ...body, previous_response_id: previousResponseId, input: inputOf(body.input)?.slice(known) ?? [] }
}
