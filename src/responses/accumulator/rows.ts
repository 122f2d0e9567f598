import type { EventType, SnapshotEvent } from '../schema/index.ts'
import { field, part, type Row, status, wholePart, withLogprobs } from './growth.ts'
import { isLoose, objectIn } from './json.ts'
import {
  addAnnotation,
  audio,
  growCommand,
  growShellOutput,
  keepPartialImage,
  setCommand,
  setShellOutput,
} from './special-folds.ts'

type FoldedElsewhere = SnapshotEvent['type'] | 'response.output_item.added' | 'response.output_item.done'

/** Events without content, or without content for an item. */
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
/** The item has no field for the content of these events. */
const listTools: Row = { itemType: 'mcp_list_tools', fold: () => 0 }
const compaction: Row = { itemType: 'compaction', fold: () => 0 }

/** Every event that belongs to an item. The type ensures that none is missing. */
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

/** `undefined` for events that belong to no item, and for unknown events. */
export function rowOf(type: string): Row | undefined {
  // Consecutive events mostly have the same type, and comparing two strings is faster than a lookup.
  if (type !== lastType) {
    lastType = type
    lastRow = rowsByType.get(type)
  }
  return lastRow
}

let lastType = ''
let lastRow: Row | undefined
