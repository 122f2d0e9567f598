import type { Annotation, ContentPart, EventLogprob, SummaryText } from './content.ts'
import type { ResponseOutputItem } from './output-items.ts'
import type { ResponseObject } from './response.ts'
import type { ShellOutput } from './shell-items.ts'

/**
 * The fields of each event beside `type` and `sequence_number`, in the order of a stream. The rows of `event-rows.ts`
 * check them.
 */
export interface EventFields {
  /** The first event: from here on the response has an id. */
  'response.created': Snapshot
  /** A background response waits for its turn. */
  'response.queued': Snapshot
  'response.in_progress': Snapshot
  /** The end: all went well. */
  'response.completed': Snapshot
  /** The end: `response.error` says why. */
  'response.failed': Snapshot
  /** The end: `response.incomplete_details` says which limit was hit. The output up to there is good. */
  'response.incomplete': Snapshot
  /** A failure outside of any response, or ahead of its `response.failed`. */
  error: ErrorFields

  /** A new item, still empty. */
  'response.output_item.added': AtIndex & { item: ResponseOutputItem }
  /** The item as it is now for good. */
  'response.output_item.done': AtIndex & { item: ResponseOutputItem }
  'response.content_part.added': AtPart & { part: ContentPart }
  'response.content_part.done': AtPart & { part: ContentPart }
  'response.output_text.delta': AtPart & Delta & { logprobs: EventLogprob[] }
  'response.output_text.done': AtPart & { text: string; logprobs: EventLogprob[] }
  'response.output_text.annotation.added': AtPart & { annotation_index: number; annotation: Annotation | null }
  'response.refusal.delta': AtPart & Delta
  'response.refusal.done': AtPart & { refusal: string }

  'response.reasoning_text.delta': AtPart & Delta
  'response.reasoning_text.done': AtPart & { text: string }
  'response.reasoning_summary_part.added': AtSummary & { part: SummaryText }
  'response.reasoning_summary_part.done': AtSummary & { part: SummaryText; status?: 'incomplete' }
  'response.reasoning_summary_text.delta': AtSummary & Delta
  'response.reasoning_summary_text.done': AtSummary & { text: string }

  'response.function_call_arguments.delta': AtItem & Delta
  'response.function_call_arguments.done': AtItem & { arguments: string }
  'response.custom_tool_call_input.delta': AtItem & Delta
  'response.custom_tool_call_input.done': AtItem & { input: string }
  'response.mcp_call_arguments.delta': AtItem & Delta
  'response.mcp_call_arguments.done': AtItem & { arguments: string }
  'response.mcp_call.in_progress': AtItem
  'response.mcp_call.completed': AtItem
  'response.mcp_call.failed': AtItem
  'response.mcp_list_tools.in_progress': AtItem
  'response.mcp_list_tools.completed': AtItem
  'response.mcp_list_tools.failed': AtItem

  'response.file_search_call.in_progress': AtItem
  'response.file_search_call.searching': AtItem
  'response.file_search_call.completed': AtItem
  'response.web_search_call.in_progress': AtItem
  'response.web_search_call.searching': AtItem
  'response.web_search_call.completed': AtItem
  'response.code_interpreter_call.in_progress': AtItem
  'response.code_interpreter_call.interpreting': AtItem
  'response.code_interpreter_call.completed': AtItem
  'response.code_interpreter_call_code.delta': AtItem & Delta
  'response.code_interpreter_call_code.done': AtItem & { code: string }
  'response.image_generation_call.in_progress': AtItem
  'response.image_generation_call.generating': AtItem
  'response.image_generation_call.completed': AtItem
  'response.image_generation_call.partial_image': AtItem & PartialImage

  'response.shell_call_command.added': AtCommand & { command: string }
  'response.shell_call_command.delta': AtCommand & Delta
  'response.shell_call_command.done': AtCommand & { command: string }
  'response.shell_call_output_content.delta': AtItem & AtCommand & { delta: { stdout?: string; stderr?: string } }
  'response.shell_call_output_content.done': AtItem & AtCommand & { output: ShellOutput[] }
  /** Seen on the wire, not in the declarations of the `openai` package. */
  'response.apply_patch_call_operation_diff.delta': AtItem & Delta
  /** Seen on the wire, not in the declarations of the `openai` package. */
  'response.apply_patch_call_operation_diff.done': AtItem & { diff: string }
  'response.compaction.compacting': AtItem

  /** Base64. */
  'response.audio.delta': Delta
  'response.audio.done': object
  'response.audio.transcript.delta': Delta
  'response.audio.transcript.done': object

  /** Only says that the endpoint is alive. */
  keepalive: object
}

/** The types of events this version knows by name; `codex.*` comes on top. */
export type EventType = keyof EventFields

/** An event by its type: `EventByType['response.output_text.delta']`. */
export type EventByType = {
  [Type in EventType]: Flat<{ type: Type } & Numbered & EventFields[Type]>
}

/** Lifecycle and terminal events: those with the whole response in them. */
export type SnapshotEvent = {
  [Type in EventType]: EventFields[Type] extends Snapshot ? EventByType[Type] : never
}[EventType]

/** Notices of the Codex backend, e.g. `codex.rate_limits`. What is in them is not documented. */
export interface CodexEvent {
  type: `codex.${string}`
  sequence_number?: number
  [field: string]: unknown
}

/** Every event this version knows. A `switch` on `type` narrows it. */
export type KnownResponseEvent = EventByType[EventType] | CodexEvent

interface Numbered {
  /** Rises by one with each event of a stream. Some gateways leave it out. */
  sequence_number: number
}

interface Snapshot {
  /** The response as it is at this moment. */
  response: ResponseObject
}

interface AtIndex {
  /** The item's place in `response.output`. */
  output_index: number
}

interface AtItem extends AtIndex {
  /** The item's `id`. */
  item_id: string
}

interface AtPart extends AtItem {
  /** The part's place in the item's `content`. */
  content_index: number
}

interface AtSummary extends AtItem {
  /** The part's place in the item's `summary`. */
  summary_index: number
}

interface AtCommand extends AtIndex {
  /** The command's place in the call's `action.commands`. */
  command_index: number
}

interface Delta {
  /** What comes next: append it. */
  delta: string
  /** Noise that hides the length of the delta from eavesdroppers. */
  obfuscation?: string
}

interface PartialImage {
  partial_image_b64: string
  partial_image_index: number
  background?: string
  output_format?: string
  quality?: string
  size?: string
}

/** Streams write `error` as an object; the three fields beside it are the documented, flat form. Look for `error` first. */
interface ErrorFields {
  code: string | null
  message: string
  param: string | null
  error?: { type?: string | null; code?: string | null; message: string; param?: string | null }
}

type Flat<T> = { [Key in keyof T]: T[Key] }
