import type { InputPart, OutputPart, ReasoningText, SummaryText } from './content.ts'
import type {
  CodeInterpreterCall,
  ComputerCall,
  ComputerCallOutput,
  FileSearchCall,
  ImageGenerationCall,
  McpApprovalRequest,
  McpApprovalResponse,
  McpCall,
  McpListTools,
  WebSearchCall,
} from './hosted-tool-items.ts'
import type { ItemStatus, ToolCaller } from './item-state.ts'
import type {
  ApplyPatchCall,
  ApplyPatchCallOutput,
  LocalShellCall,
  LocalShellCallOutput,
  ShellCall,
  ShellCallOutput,
} from './shell-items.ts'
import type { Tool } from './tools.ts'

/** One entry of `response.output`. Use `switch` on `type`. An agent itself has to run `function_call`. */
export type ResponseOutputItem =
  | OutputMessage
  | ReasoningItem
  | FunctionCall
  | FunctionCallOutput
  | CustomToolCall
  | CustomToolCallOutput
  | ToolSearchCall
  | ToolSearchOutput
  | AdditionalTools
  | ProgramItem
  | ProgramOutput
  | CompactionItem
  | FileSearchCall
  | WebSearchCall
  | ComputerCall
  | ComputerCallOutput
  | CodeInterpreterCall
  | ImageGenerationCall
  | LocalShellCall
  | LocalShellCallOutput
  | ShellCall
  | ShellCallOutput
  | ApplyPatchCall
  | ApplyPatchCallOutput
  | McpCall
  | McpListTools
  | McpApprovalRequest
  | McpApprovalResponse

/** What the model says to the user. */
export interface OutputMessage {
  type: 'message'
  id: string
  role: 'assistant'
  status: ItemStatus
  content: OutputPart[]
  /** `commentary`: a message between tool calls. Send it back unchanged with the message in the next input. */
  phase?: 'commentary' | 'final_answer' | null
}

/** The reasoning of the model. Without `store`, only `encrypted_content` carries it to the next turn. */
export interface ReasoningItem {
  type: 'reasoning'
  id: string
  summary: SummaryText[]
  content?: ReasoningText[]
  encrypted_content?: string | null
  status?: ItemStatus
}

/** A call of a function of the caller. Run it only when it is `completed`. */
export interface FunctionCall {
  type: 'function_call'
  id?: string
  /** Sent back with the result. */
  call_id: string
  name: string
  namespace?: string
  /** JSON as the model wrote it, which may be invalid. */
  arguments: string
  status?: ItemStatus
  async?: boolean
  caller?: ToolCaller | null
}

/** The result of a function that the endpoint ran. */
export interface FunctionCallOutput {
  type: 'function_call_output'
  id: string
  call_id?: string
  name?: string
  namespace?: string
  output: string | InputPart[]
  status: ItemStatus
  caller?: ToolCaller | null
  created_by?: string
}

/** A call of a tool that takes free text instead of JSON. */
export interface CustomToolCall {
  type: 'custom_tool_call'
  id?: string
  call_id: string
  name: string
  namespace?: string
  input: string
  /** Sent with finished items, though few declarations have it. */
  status?: ItemStatus
  async?: boolean
  caller?: ToolCaller | null
}

/** The result of a custom tool. */
export interface CustomToolCallOutput {
  type: 'custom_tool_call_output'
  id: string
  call_id: string
  output: string | InputPart[]
  status: ItemStatus
  caller?: ToolCaller | null
  created_by?: string
}

/** A search for tools that were not loaded with the request. `execution: 'client'`: the caller has to answer. */
export interface ToolSearchCall {
  type: 'tool_search_call'
  id: string
  call_id: string | null
  execution: 'server' | 'client'
  arguments: unknown
  status: ItemStatus
  created_by?: string
}

/** The tools that a search found. */
export interface ToolSearchOutput {
  type: 'tool_search_output'
  id: string
  call_id: string | null
  execution: 'server' | 'client'
  tools: Tool[]
  status: ItemStatus
  created_by?: string
}

/** Tools that were added during a conversation. */
export interface AdditionalTools {
  type: 'additional_tools'
  id: string
  role: 'unknown' | 'user' | 'assistant' | 'system' | 'critic' | 'discriminator' | 'developer' | 'tool'
  tools: Tool[]
}

/** Code of the model that calls tools. */
export interface ProgramItem {
  type: 'program'
  id: string
  call_id: string
  code: string
  fingerprint: string
}

/** The return value of such code. */
export interface ProgramOutput {
  type: 'program_output'
  id: string
  call_id: string
  result: string
  status: 'completed' | 'incomplete'
}

/** An older part of the conversation, compressed and encrypted. */
export interface CompactionItem {
  type: 'compaction'
  id: string
  encrypted_content: string
  created_by?: string
}
