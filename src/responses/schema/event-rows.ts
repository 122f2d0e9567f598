import * as z from 'zod/mini'
import type { EventFields } from './events.ts'
import { annotation, errorFields, item, listOf, maybeNumber, maybeText, part, response, text } from './payloads.ts'

const snapshot = { response }
const atIndex = { output_index: maybeNumber }
const atItem = { ...atIndex, item_id: maybeText }
const atPart = { ...atItem, content_index: maybeNumber }
const atSummary = { ...atItem, summary_index: maybeNumber }
const atCommand = { ...atIndex, command_index: maybeNumber }
const delta = { delta: text }
const itemDelta = { ...atItem, ...delta }
const command = { ...atCommand, command: text }
const logprobs = listOf(z.looseObject({ token: text, logprob: z.number() }))

/**
 * What is checked of each event beside `type` and `sequence_number`. The type ensures that every event has a row, and
 * every required field a check.
 */
export const eventRows = {
  'response.created': snapshot,
  'response.queued': snapshot,
  'response.in_progress': snapshot,
  'response.completed': snapshot,
  'response.failed': snapshot,
  'response.incomplete': snapshot,
  error: { ...errorFields, error: z.nullish(z.looseObject(errorFields)) },

  'response.output_item.added': { ...atIndex, item },
  'response.output_item.done': { ...atIndex, item },
  'response.content_part.added': { ...atPart, part },
  'response.content_part.done': { ...atPart, part },
  'response.output_text.delta': { ...atPart, ...delta, logprobs },
  'response.output_text.done': { ...atPart, text, logprobs },
  'response.output_text.annotation.added': {
    ...atPart,
    annotation_index: maybeNumber,
    annotation: z.nullish(annotation),
  },
  'response.refusal.delta': { ...atPart, ...delta },
  'response.refusal.done': { ...atPart, refusal: text },

  'response.reasoning_text.delta': { ...atPart, ...delta },
  'response.reasoning_text.done': { ...atPart, text },
  'response.reasoning_summary_part.added': { ...atSummary, part },
  'response.reasoning_summary_part.done': { ...atSummary, part },
  'response.reasoning_summary_text.delta': { ...atSummary, ...delta },
  'response.reasoning_summary_text.done': { ...atSummary, text },

  'response.function_call_arguments.delta': itemDelta,
  'response.function_call_arguments.done': { ...atItem, arguments: text },
  'response.custom_tool_call_input.delta': itemDelta,
  'response.custom_tool_call_input.done': { ...atItem, input: text },
  'response.mcp_call_arguments.delta': itemDelta,
  'response.mcp_call_arguments.done': { ...atItem, arguments: text },
  'response.mcp_call.in_progress': atItem,
  'response.mcp_call.completed': atItem,
  'response.mcp_call.failed': atItem,
  'response.mcp_list_tools.in_progress': atItem,
  'response.mcp_list_tools.completed': atItem,
  'response.mcp_list_tools.failed': atItem,

  'response.file_search_call.in_progress': atItem,
  'response.file_search_call.searching': atItem,
  'response.file_search_call.completed': atItem,
  'response.web_search_call.in_progress': atItem,
  'response.web_search_call.searching': atItem,
  'response.web_search_call.completed': atItem,
  'response.code_interpreter_call.in_progress': atItem,
  'response.code_interpreter_call.interpreting': atItem,
  'response.code_interpreter_call.completed': atItem,
  'response.code_interpreter_call_code.delta': itemDelta,
  'response.code_interpreter_call_code.done': { ...atItem, code: text },
  'response.image_generation_call.in_progress': atItem,
  'response.image_generation_call.generating': atItem,
  'response.image_generation_call.completed': atItem,
  'response.image_generation_call.partial_image': {
    ...atItem,
    partial_image_b64: text,
    partial_image_index: maybeNumber,
  },

  'response.shell_call_command.added': command,
  'response.shell_call_command.delta': { ...atCommand, ...delta },
  'response.shell_call_command.done': command,
  'response.shell_call_output_content.delta': {
    ...atItem,
    ...atCommand,
    delta: z.looseObject({ stdout: maybeText, stderr: maybeText }),
  },
  'response.shell_call_output_content.done': {
    ...atItem,
    ...atCommand,
    output: z.array(z.looseObject({ stdout: maybeText, stderr: maybeText })),
  },
  'response.apply_patch_call_operation_diff.delta': itemDelta,
  'response.apply_patch_call_operation_diff.done': { ...atItem, diff: text },
  'response.compaction.compacting': atItem,

  'response.audio.delta': delta,
  'response.audio.done': {},
  'response.audio.transcript.delta': delta,
  'response.audio.transcript.done': {},

  keepalive: {},
} satisfies { readonly [Type in keyof EventFields]: Checks<EventFields[Type]> }

/** A check for every required field; for other fields if wanted. */
type Checks<Fields> = { readonly [Key in keyof Fields]: z.ZodMiniType }
