import type { EventType, SnapshotEvent } from '../schema/index.ts'
import { append, appended } from './growing-text.ts'
import { withWhatIsKnown } from './item-list.ts'
import { copyOf, isLoose, type Loose, listIn, objectAt, objectIn, placeIn } from './json.ts'

/** What one type of event does to its item. */
export interface Row {
  /** The type of the item, for a stream that is picked up in the middle of one. */
  readonly itemType: string | ((event: Loose) => string)
  fold(item: Loose, event: Loose): void
  /** After this event nothing that the caller has to act on is missing from the item. */
  readonly finishesPayload?: true
}

type FoldedElsewhere = SnapshotEvent['type'] | 'response.output_item.added' | 'response.output_item.done'

/** They hold nothing, or nothing of an item. */
type WithoutContent = 'error' | 'keepalive' | 'response.audio.done' | 'response.audio.transcript.done'

const outputText = part('message', 'content', 'output_text', 'text')
const refusal = part('message', 'content', 'refusal', 'refusal')
const reasoningText = part('reasoning', 'content', 'reasoning_text', 'text')
const summaryText = part('reasoning', 'summary', 'summary_text', 'text')
const functionArguments = field('function_call', 'arguments')
const customInput = field('custom_tool_call', 'input')
const mcpArguments = field('mcp_call', 'arguments')
const code = field('code_interpreter_call', 'code')
const diff = field('apply_patch_call', 'diff', (item) => objectIn(item, 'operation'))
const contentPart = wholePart(
  ({ part: it }) => (isLoose(it) && it.type === 'reasoning_text' ? 'reasoning' : 'message'),
  'content',
)
const summaryPart = wholePart('reasoning', 'summary')
/** Neither says anything that the item has a field for. */
const listTools: Row = { itemType: 'mcp_list_tools', fold() {} }
const compaction: Row = { itemType: 'compaction', fold() {} }

/** Every event that belongs to an item; the compiler sees to it that none is forgotten. */
const rows = {
  'response.content_part.added': contentPart.added,
  'response.content_part.done': contentPart.done,
  'response.output_text.delta': { ...outputText.delta, fold: withLogprobs(outputText.delta, 'append') },
  'response.output_text.done': { ...outputText.done, fold: withLogprobs(outputText.done, 'replace') },
  'response.output_text.annotation.added': { itemType: 'message', fold: addAnnotation },
  'response.refusal.delta': refusal.delta,
  'response.refusal.done': refusal.done,
  'response.reasoning_text.delta': reasoningText.delta,
  'response.reasoning_text.done': reasoningText.done,
  'response.reasoning_summary_part.added': summaryPart.added,
  'response.reasoning_summary_part.done': summaryPart.done,
  'response.reasoning_summary_text.delta': summaryText.delta,
  'response.reasoning_summary_text.done': summaryText.done,

  'response.function_call_arguments.delta': functionArguments.delta,
  'response.function_call_arguments.done': functionArguments.done,
  'response.custom_tool_call_input.delta': customInput.delta,
  'response.custom_tool_call_input.done': customInput.done,
  'response.mcp_call_arguments.delta': mcpArguments.delta,
  'response.mcp_call_arguments.done': mcpArguments.done,
  'response.mcp_call.in_progress': status('mcp_call', 'in_progress'),
  'response.mcp_call.completed': status('mcp_call', 'completed'),
  'response.mcp_call.failed': status('mcp_call', 'failed'),
  'response.mcp_list_tools.in_progress': listTools,
  'response.mcp_list_tools.completed': listTools,
  'response.mcp_list_tools.failed': listTools,

  'response.file_search_call.in_progress': status('file_search_call', 'in_progress'),
  'response.file_search_call.searching': status('file_search_call', 'searching'),
  'response.file_search_call.completed': status('file_search_call', 'completed'),
  'response.web_search_call.in_progress': status('web_search_call', 'in_progress'),
  'response.web_search_call.searching': status('web_search_call', 'searching'),
  'response.web_search_call.completed': status('web_search_call', 'completed'),
  'response.code_interpreter_call.in_progress': status('code_interpreter_call', 'in_progress'),
  'response.code_interpreter_call.interpreting': status('code_interpreter_call', 'interpreting'),
  'response.code_interpreter_call.completed': status('code_interpreter_call', 'completed'),
  'response.code_interpreter_call_code.delta': code.delta,
  'response.code_interpreter_call_code.done': code.done,
  'response.image_generation_call.in_progress': status('image_generation_call', 'in_progress'),
  'response.image_generation_call.generating': status('image_generation_call', 'generating'),
  'response.image_generation_call.completed': status('image_generation_call', 'completed'),
  'response.image_generation_call.partial_image': { itemType: 'image_generation_call', fold: keepPartialImage },

  'response.shell_call_command.added': { itemType: 'shell_call', fold: setCommand },
  'response.shell_call_command.delta': { itemType: 'shell_call', fold: growCommand },
  'response.shell_call_command.done': { itemType: 'shell_call', fold: setCommand },
  'response.shell_call_output_content.delta': { itemType: 'shell_call_output', fold: growShellOutput },
  'response.shell_call_output_content.done': { itemType: 'shell_call_output', fold: setShellOutput },
  'response.apply_patch_call_operation_diff.delta': diff.delta,
  'response.apply_patch_call_operation_diff.done': diff.done,
  'response.compaction.compacting': compaction,

  'response.audio.delta': audio('data'),
  'response.audio.transcript.delta': audio('transcript'),
} satisfies Record<Exclude<EventType, FoldedElsewhere | WithoutContent>, Row>

const rowsByType: ReadonlyMap<string, Row> = new Map(Object.entries(rows))

/** `undefined` for events that belong to no item, unknown ones among them. */
export function rowOf(type: string): Row | undefined {
  // Streams are runs of one type, and comparing two strings costs less than looking one up.
  if (type !== lastType) {
    lastType = type
    lastRow = rowsByType.get(type)
  }
  return lastRow
}

let lastType = ''
let lastRow: Row | undefined

interface Growth {
  readonly delta: Row
  readonly done: Row
}

/** A text in a part of an item. */
function part(itemType: string, list: 'content' | 'summary', partType: string, key: string): Growth {
  const blank = () => ({ type: partType, [key]: '', ...(partType === 'output_text' && { annotations: [] }) })
  const indexKey = `${list}_index`
  const at = (item: Loose, event: Loose) => objectAt(listIn(item, list), event[indexKey], blank)
  return growth(itemType, key, at)
}

/** A text in a field of an item, where the model writes what the call is to do. */
function field(itemType: string, key: string, ownerIn: (item: Loose) => Loose = (item) => item): Growth {
  const { delta, done } = growth(itemType, key, ownerIn)
  return { delta, done: { ...done, finishesPayload: true } }
}

function growth(itemType: string, key: string, ownerIn: (item: Loose, event: Loose) => Loose | undefined): Growth {
  const delta = (item: Loose, event: Loose): void => {
    const owner = ownerIn(item, event)
    if (owner !== undefined) append(owner, key, event.delta)
  }
  const done = (item: Loose, event: Loose): void => {
    const owner = ownerIn(item, event)
    if (owner !== undefined && typeof event[key] === 'string') owner[key] = event[key]
  }
  return { delta: { itemType, fold: delta }, done: { itemType, fold: done } }
}

function wholePart(
  itemType: Row['itemType'],
  list: 'content' | 'summary',
): { readonly added: Row; readonly done: Row } {
  const put = (item: Loose, event: Loose, isLast: boolean): void => {
    const parts = listIn(item, list)
    // Announced without an index, it is the next one.
    const place = placeIn(parts, event[`${list}_index`] ?? (isLast ? undefined : parts.length))
    if (place === undefined || !isLoose(event.part)) return
    const fresh = copyOf(event.part)
    // An empty list makes room for seventeen, and most items have one part.
    if (place === 0 && parts.length === 0) item[list] = [fresh]
    else parts[place] = isLast ? fresh : withWhatIsKnown(fresh, parts[place])
  }
  return {
    added: { itemType, fold: (item, event) => put(item, event, false) },
    done: { itemType, fold: (item, event) => put(item, event, true) },
  }
}

function status(itemType: string, name: string): Row {
  const fold = (item: Loose): void => {
    item.status = name
  }
  return name === 'completed' ? { itemType, fold, finishesPayload: true } : { itemType, fold }
}

function withLogprobs({ fold }: Row, how: 'append' | 'replace'): Row['fold'] {
  return (item, event) => {
    fold(item, event)
    const { logprobs } = event
    if (!Array.isArray(logprobs) || logprobs.length === 0) return
    const at = objectAt(listIn(item, 'content'), event.content_index, () => ({}))
    if (at === undefined) return
    if (how === 'replace') at.logprobs = copyOf(logprobs)
    else for (const each of logprobs) listIn(at, 'logprobs').push(copyOf(each))
  }
}

function addAnnotation(item: Loose, event: Loose): void {
  const blank = () => ({ type: 'output_text', text: '', annotations: [] })
  const at = objectAt(listIn(item, 'content'), event.content_index, blank)
  if (at === undefined || !isLoose(event.annotation)) return
  const annotations = listIn(at, 'annotations')
  const place = placeIn(annotations, event.annotation_index ?? annotations.length)
  if (place !== undefined) annotations[place] = copyOf(event.annotation)
}

/** The last one alone: each is a whole image, and replaces the one before. */
function keepPartialImage(item: Loose, event: Loose): void {
  if (typeof event.partial_image_b64 !== 'string') return
  item.partial_image_b64 = event.partial_image_b64
  item.partial_image_index = event.partial_image_index
}

function setCommand(item: Loose, event: Loose): void {
  const commands = listIn(objectIn(item, 'action'), 'commands')
  const place = placeIn(commands, event.command_index)
  if (place !== undefined && typeof event.command === 'string') commands[place] = event.command
}

function growCommand(item: Loose, event: Loose): void {
  const commands = listIn(objectIn(item, 'action'), 'commands')
  const place = placeIn(commands, event.command_index)
  if (place === undefined || typeof event.delta !== 'string') return
  commands[place] = appended(commands[place], event.delta)
}

function growShellOutput(item: Loose, { command_index, delta }: Loose): void {
  const at = objectAt(listIn(item, 'output'), command_index, () => ({ stdout: '', stderr: '' }))
  if (at === undefined || !isLoose(delta)) return
  append(at, 'stdout', delta.stdout)
  append(at, 'stderr', delta.stderr)
}

/** `output` is a list, though it tells of one command. */
function setShellOutput(item: Loose, { command_index, output }: Loose): void {
  const outputs = listIn(item, 'output')
  const place = placeIn(outputs, command_index)
  if (place === undefined || !Array.isArray(output)) return
  const own: unknown = output.length > 1 ? (output[place] ?? output.at(-1)) : output[0]
  if (isLoose(own)) outputs[place] = copyOf(own)
}

/** Audio events name no item and no part: they belong to the message under way. */
function audio(key: 'data' | 'transcript'): Row {
  const fold = (item: Loose, event: Loose): void => {
    const content = listIn(item, 'content')
    const known = content.findLast((each) => isLoose(each) && each.type === 'output_audio')
    const at = (known as Loose | undefined) ?? { type: 'output_audio', data: '', transcript: '' }
    if (known === undefined) content.push(at)
    append(at, key, event.delta)
  }
  return { itemType: 'message', fold }
}
