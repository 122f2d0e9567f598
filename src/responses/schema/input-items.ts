/**
 * Items as a request may contain them. A response repeats those of its `instructions`. Ids and statuses may be missing.
 */

import type { ImageDetail, InputPart, PromptCacheBreakpoint } from './content.ts'
import type {
  CodeInterpreterCall,
  ComputerCall,
  FileSearchCall,
  ImageGenerationCall,
  McpApprovalRequest,
  McpApprovalResponse,
  McpCall,
  McpListTools,
  SafetyCheck,
  Screenshot,
  WebSearchCall,
} from './hosted-tool-items.ts'
import type { ItemStatus, ToolCaller } from './item-state.ts'
import type {
  CustomToolCall,
  CustomToolCallOutput,
  FunctionCall,
  OutputMessage,
  ProgramItem,
  ProgramOutput,
  ReasoningItem,
  ResponseOutputItem,
} from './output-items.ts'
import type { ReasoningEffort, TextFormat } from './settings.ts'
import type {
  ApplyPatchCall,
  ApplyPatchCallOutput,
  LocalShellCall,
  LocalShellCallOutput,
  PatchOperation,
  ShellOutput,
} from './shell-items.ts'
import type { Tool } from './tools.ts'

/** One entry of an input. The items of a response can be given back: `input.push(...response.output)`. */
export type ResponseInputItem = ResponseInstructionItem | ResponseOutputItem

/** One entry of `instructions`, as a response repeats them. */
export type ResponseInstructionItem =
  | EasyInputMessage
  | InputMessage
  | OutputMessage
  | ReasoningItem
  | FunctionCall
  | FunctionCallResult
  | CustomToolCall
  | CustomToolCallResult
  | ToolSearchRequest
  | ToolSearchResult
  | InputTools
  | ConfigurationUpdate
  | CompactionReference
  | ComputerCall
  | ComputerCallResult
  | FileSearchCall
  | WebSearchCall
  | CodeInterpreterCall
  | ImageGenerationCall
  | LocalShellCall
  | LocalShellCallOutput
  | ShellRequest
  | ShellResult
  | PatchRequest
  | PatchResult
  | McpCall
  | McpListTools
  | McpApprovalRequest
  | McpApprovalAnswer
  | ProgramItem
  | ProgramOutput
  | CompactionTrigger
  | ItemReference

/** What every item may carry once it was stored. */
interface Stored {
  id?: string | null
}

interface Stateful extends Stored {
  status?: ItemStatus | null
}

interface Called {
  caller?: ToolCaller | null
}

/** A short message: `type` may be missing, and its content may be a plain string. */
export interface EasyInputMessage {
  type?: 'message'
  role: 'user' | 'assistant' | 'system' | 'developer'
  content: string | InputPart[]
  phase?: 'commentary' | 'final_answer' | null
}

/** A message to the model. */
export interface InputMessage {
  type?: 'message'
  role: 'user' | 'system' | 'developer'
  content: InputPart[]
  status?: ItemStatus
}

/** The result of a `function_call`: text, or parts. */
export interface FunctionCallResult extends Stateful, Called {
  type: 'function_call_output'
  call_id?: string | null
  name?: string | null
  namespace?: string | null
  output: string | ResultPart[]
}

/** A part of a function's result. */
export type ResultPart =
  | (Breakpoint & { type: 'input_text'; text: string })
  | (Breakpoint & {
      type: 'input_image'
      detail?: ImageDetail | null
      file_id?: string | null
      image_url?: string | null
    })
  | (Breakpoint & {
      type: 'input_file'
      detail?: 'auto' | 'low' | 'high'
      file_data?: string | null
      file_id?: string | null
      file_url?: string | null
      filename?: string | null
    })

interface Breakpoint {
  prompt_cache_breakpoint?: PromptCacheBreakpoint | null
}

/** The result of a `custom_tool_call`. */
export type CustomToolCallResult = Omit<CustomToolCallOutput, 'id' | 'status' | 'created_by'> & { id?: string }

/** A search for tools. */
export interface ToolSearchRequest extends Stateful {
  type: 'tool_search_call'
  call_id?: string | null
  execution?: 'server' | 'client'
  arguments: unknown
}

/** The tools that were found. */
export interface ToolSearchResult extends Stateful {
  type: 'tool_search_output'
  call_id?: string | null
  execution?: 'server' | 'client'
  tools: Tool[]
}

/** Tools from here on. */
export interface InputTools extends Stored {
  type: 'additional_tools'
  role: 'developer'
  tools: Tool[]
}

/** Other settings from here on. */
export interface ConfigurationUpdate extends Stored {
  type: 'configuration_update'
  reasoning?: { effort?: ReasoningEffort | null }
  text?: { format: Exclude<TextFormat, { type: 'json_object' }> }
}

/** A compressed part of the conversation, given back. */
export interface CompactionReference extends Stored {
  type: 'compaction'
  encrypted_content: string
}

/** The screen after a `computer_call`. */
export interface ComputerCallResult extends Stateful {
  type: 'computer_call_output'
  call_id: string
  output: Screenshot
  acknowledged_safety_checks?: SafetyCheck[] | null
}

/** A `shell_call` given back. */
export interface ShellRequest extends Stateful, Called {
  type: 'shell_call'
  call_id: string
  action: { commands: string[]; max_output_length?: number | null; timeout_ms?: number | null }
  environment?:
    | { type: 'local'; skills?: { name: string; description: string; path: string }[] }
    | { type: 'container_reference'; container_id: string }
    | null
}

/** What the commands of a `shell_call` printed. */
export interface ShellResult extends Stateful, Called {
  type: 'shell_call_output'
  call_id: string
  max_output_length?: number | null
  output: Omit<ShellOutput, 'created_by'>[]
}

/** An `apply_patch_call` given back. */
export interface PatchRequest extends Stored, Called {
  type: 'apply_patch_call'
  call_id: string
  status: ApplyPatchCall['status']
  operation: PatchOperation
}

/** Whether a patch could be applied. */
export interface PatchResult extends Stored, Called {
  type: 'apply_patch_call_output'
  call_id: string
  status: ApplyPatchCallOutput['status']
  output?: string | null
}

/** An `mcp_call` given back. Older endpoints state its error as a text. */
export type McpCallGiven = Omit<McpCall, 'error'> & { error?: McpCall['error'] | string }

/** The answer to an `mcp_approval_request`. */
export type McpApprovalAnswer = Omit<McpApprovalResponse, 'id'> & Stored

/** Asks the endpoint to compress what came before. */
export interface CompactionTrigger extends Stored {
  type: 'compaction_trigger'
}

/** An item that the endpoint has stored. */
export interface ItemReference {
  type?: 'item_reference' | null
  id: string
}
