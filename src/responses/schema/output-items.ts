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

/** One entry of `response.output`. `switch` on `type`; the call that an agent has to run itself is `function_call`. */
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
  /** `commentary`: said on the way, between tool calls. Give it back unchanged with the message in the next input. */
  phase?: 'commentary' | 'final_answer' | null
}

/** What the model thought. Without `store` only `encrypted_content` carries it on to the next turn. */
export interface ReasoningItem {
  type: 'reasoning'
  id: string
  summary: SummaryText[]
  content?: ReasoningText[]
  encrypted_content?: string | null
  status?: ItemStatus
}

/** A call of a function that the caller has. Run it only when it is `completed`. */
export interface FunctionCall {
  type: 'function_call'
  id?: string
  /** Goes back with the result. */
  call_id: string
  name: string
  namespace?: string
  /** JSON, as the model wrote it: it may be wrong. */
  arguments: string
  status?: ItemStatus
  async?: boolean
  caller?: ToolCaller | null
}

/** The result of a function, where the endpoint ran it. */
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
  /** Sent with finished items, though few declarations know it. */
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

/** The model looks for tools that were not loaded with the request. `execution: 'client'`: the caller has to answer. */
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

/** Tools that joined in the middle of a conversation. */
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

/** What such code returned. */
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
