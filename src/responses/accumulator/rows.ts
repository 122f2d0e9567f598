import type { EventType, SnapshotEvent } from '../schema/index.ts'
import { PLACE_SIZE } from './entry.ts'
import { append, appended, lengthOf, replace } from './growing-text.ts'
import {
  addTold,
  copyOf,
  isIndex,
  isLoose,
  type Loose,
  listIn,
  nextPlaceIn,
  objectAt,
  objectIn,
  placeIn,
} from './json.ts'

/** What one type of event does to its item. */
export interface Row {
  /** The type of the item, for a stream that is picked up in the middle of one. */
  readonly itemType: string | ((event: Loose) => string)
  /** Returns by how much the item grew: characters, and `PLACE_SIZE` for each place of a list. */
  fold(item: Loose, event: Loose): number
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
const listTools: Row = { itemType: 'mcp_list_tools', fold: () => 0 }
const compaction: Row = { itemType: 'compaction', fold: () => 0 }

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
  const inPart =
    (change: Change) =>
    (item: Loose, event: Loose): number => {
      const parts = listIn(item, list)
      const places = parts.length
      const owner = objectAt(parts, event[indexKey], blank)
      return change(owner, event) + placesMade(parts, places)
    }
  return growth(itemType, key, inPart)
}

/** A text in a field of an item, where the model writes what the call is to do. */
function field(itemType: string, key: string, ownerIn: (item: Loose) => Loose = (item) => item): Growth {
  const inOwner = (change: Change) => (item: Loose, event: Loose) => change(ownerIn(item), event)
  const { delta, done } = growth(itemType, key, inOwner)
  return { delta, done: { ...done, finishesPayload: true } }
}

/** What an event does to the object that holds its text. Returns by how much the object grew. */
type Change = (owner: Loose, event: Loose) => number

function growth(itemType: string, key: string, within: (change: Change) => Row['fold']): Growth {
  return {
    delta: { itemType, fold: within((owner, event) => append(owner, key, event.delta)) },
    done: { itemType, fold: within((owner, event) => replace(owner, key, event[key])) },
  }
}

/** The size of the places that a list has more than before, holes included. */
function placesMade(list: readonly unknown[], before: number): number {
  return list.length === before ? 0 : (list.length - before) * PLACE_SIZE
}

function wholePart(
  itemType: Row['itemType'],
  list: 'content' | 'summary',
): { readonly added: Row; readonly done: Row } {
  const indexKey = `${list}_index`
  const put = (item: Loose, event: Loose, isLast: boolean): number => {
    if (!isLoose(event.part)) return 0
    const parts = listIn(item, list)
    const places = parts.length
    // Announced without an index, it is the next one.
    const place = isLast ? placeIn(parts, event[indexKey]) : nextPlaceIn(parts, event[indexKey])
    const tally = { size: 0 }
    const fresh = copyOf(event.part, tally)
    const known = parts[place]
    // An empty list makes room for seventeen, and most items have one part.
    if (place === 0 && parts.length === 0) {
      item[list] = [fresh]
      return tally.size + PLACE_SIZE
    }
    if (!isLast && isLoose(known)) {
      addTold(known, fresh)
      return tally.size
    }
    parts[place] = fresh
    return tally.size - textsOf(known) + placesMade(parts, places)
  }
  return {
    added: { itemType, fold: (item, event) => put(item, event, false) },
    done: { itemType, fold: (item, event) => put(item, event, true) },
  }
}

/** What a part holds of what deltas brought: it is brought again by what replaces the part. */
function textsOf(known: unknown): number {
  return isLoose(known) ? lengthOf(known.text) + lengthOf(known.refusal) + lengthOf(known.transcript) : 0
}

function status(itemType: string, name: string): Row {
  const fold = (item: Loose): number => {
    item.status = name
    return 0
  }
  return name === 'completed' ? { itemType, fold, finishesPayload: true } : { itemType, fold }
}

function withLogprobs({ fold }: Row, how: 'append' | 'replace'): Row['fold'] {
  return (item, event) => {
    const grown = fold(item, event)
    const { logprobs } = event
    if (!Array.isArray(logprobs) || logprobs.length === 0) return grown
    // The part is there: the text made it.
    const at = objectAt(listIn(item, 'content'), event.content_index, () => ({}))
    const tally = { size: 0 }
    const copied = copyOf(logprobs, tally)
    if (how === 'append') {
      const known = listIn(at, 'logprobs')
      for (const each of copied) known.push(each)
      return grown + tally.size
    }
    // What deltas brought is brought again.
    const isKnown = Array.isArray(at.logprobs) && at.logprobs.length > 0
    at.logprobs = copied
    return grown + (isKnown ? 0 : tally.size)
  }
}

function addAnnotation(item: Loose, event: Loose): number {
  if (!isLoose(event.annotation)) return 0
  const blank = () => ({ type: 'output_text', text: '', annotations: [] })
  const content = listIn(item, 'content')
  const parts = content.length
  const annotations = listIn(objectAt(content, event.content_index, blank), 'annotations')
  const places = annotations.length
  const tally = { size: 0 }
  annotations[nextPlaceIn(annotations, event.annotation_index)] = copyOf(event.annotation, tally)
  return tally.size + placesMade(content, parts) + placesMade(annotations, places)
}

/** The last one alone: each is a whole image, and replaces the one before. */
function keepPartialImage(item: Loose, event: Loose): number {
  if (typeof event.partial_image_b64 !== 'string') return 0
  if (isIndex(event.partial_image_index)) item.partial_image_index = event.partial_image_index
  return replace(item, 'partial_image_b64', event.partial_image_b64)
}

function setCommand(item: Loose, event: Loose): number {
  if (typeof event.command !== 'string') return 0
  const commands = listIn(objectIn(item, 'action'), 'commands')
  const places = commands.length
  const place = placeIn(commands, event.command_index)
  const grown = event.command.length - lengthOf(commands[place])
  commands[place] = event.command
  return grown + placesMade(commands, places)
}

function growCommand(item: Loose, event: Loose): number {
  if (typeof event.delta !== 'string') return 0
  const commands = listIn(objectIn(item, 'action'), 'commands')
  const places = commands.length
  const place = placeIn(commands, event.command_index)
  commands[place] = appended(commands[place], event.delta)
  return event.delta.length + placesMade(commands, places)
}

function growShellOutput(item: Loose, { command_index, delta }: Loose): number {
  if (!isLoose(delta)) return 0
  const outputs = listIn(item, 'output')
  const places = outputs.length
  const at = objectAt(outputs, command_index, () => ({ stdout: '', stderr: '' }))
  return append(at, 'stdout', delta.stdout) + append(at, 'stderr', delta.stderr) + placesMade(outputs, places)
}

/** `output` is a list, though it tells of one command. */
function setShellOutput(item: Loose, { command_index, output }: Loose): number {
  if (!Array.isArray(output)) return 0
  const outputs = listIn(item, 'output')
  const places = outputs.length
  const place = placeIn(outputs, command_index)
  const own: unknown = output.length > 1 ? (output[place] ?? output.at(-1)) : output[0]
  if (!isLoose(own)) return 0
  const tally = { size: 0 }
  const known = outputs[place]
  outputs[place] = copyOf(own, tally)
  const replaced = isLoose(known) ? lengthOf(known.stdout) + lengthOf(known.stderr) : 0
  return tally.size - replaced + placesMade(outputs, places)
}

/** Audio events name no item and no part: they belong to the message under way. */
function audio(key: 'data' | 'transcript'): Row {
  const fold = (item: Loose, event: Loose): number => {
    const content = listIn(item, 'content')
    const places = content.length
    const at = audioIn(content)
    return append(at, key, event.delta) + placesMade(content, places)
  }
  return { itemType: 'message', fold }
}

/** Where the audio of a message is among its parts: looked for once, because an endpoint decides how many there are. */
const audioPlaces = new WeakMap<object, number>()

function audioIn(content: unknown[]): Loose {
  const place = audioPlaces.get(content) ?? content.findLastIndex(isAudio)
  const known = content[place]
  if (isAudio(known)) {
    audioPlaces.set(content, place)
    return known
  }
  const made = { type: 'output_audio', data: '', transcript: '' }
  audioPlaces.set(content, content.push(made) - 1)
  return made
}

function isAudio(part: unknown): part is Loose {
  return isLoose(part) && part.type === 'output_audio'
}
