/** Calls of tools that the endpoint runs itself: search, code, images, MCP; and the computer. */

import type { ItemStatus } from './item-state.ts'

/** A search in vector stores. `results` only where the request included them. */
export interface FileSearchCall {
  type: 'file_search_call'
  id: string
  status: ItemStatus | 'searching' | 'failed'
  queries: string[]
  results?: FileSearchResult[] | null
}

/** One hit. `score` lies between 0 and 1. */
export interface FileSearchResult {
  attributes?: Record<string, string | number | boolean> | null
  file_id?: string
  filename?: string
  score?: number
  text?: string
}

/** A step on the web. While the call is in progress `action` may be missing. */
export interface WebSearchCall {
  type: 'web_search_call'
  id: string
  status: ItemStatus | 'searching' | 'failed'
  action: WebSearchAction
}

/** What was done on the web: a search, a visit, or a search within a page. */
export type WebSearchAction =
  | { type: 'search'; query?: string; queries?: string[]; sources?: { type: 'url'; url: string }[] }
  | { type: 'open_page'; url?: string | null }
  | { type: 'find_in_page'; url: string; pattern: string }

/** Something to do with mouse, keyboard or screen; the caller does it. One `action`, or several `actions` in order. */
export interface ComputerCall {
  type: 'computer_call'
  id: string
  call_id: string
  status: ItemStatus
  action?: ComputerAction
  actions?: ComputerAction[]
  /** What a person should agree to first. */
  pending_safety_checks: SafetyCheck[]
}

/** One gesture. `keys` are held down meanwhile. Places are pixels from the upper left corner. */
export type ComputerAction =
  | { type: 'click'; button: 'left' | 'right' | 'wheel' | 'back' | 'forward'; x: number; y: number; keys?: HeldKeys }
  | { type: 'double_click'; x: number; y: number; keys: HeldKeys }
  | { type: 'drag'; path: { x: number; y: number }[]; keys?: HeldKeys }
  | { type: 'keypress'; keys: string[] }
  | { type: 'move'; x: number; y: number; keys?: HeldKeys }
  | { type: 'screenshot' }
  | { type: 'scroll'; x: number; y: number; scroll_x: number; scroll_y: number; keys?: HeldKeys }
  | { type: 'type'; text: string }
  | { type: 'wait' }

type HeldKeys = string[] | null

/** A doubt of the endpoint about a computer call. */
export interface SafetyCheck {
  id: string
  code?: string | null
  message?: string | null
}

/** The screen after a computer call. */
export interface ComputerCallOutput {
  type: 'computer_call_output'
  id: string
  call_id: string
  status: ItemStatus | 'failed'
  output: Screenshot
  acknowledged_safety_checks?: SafetyCheck[]
  created_by?: string
}

/** An image of the screen, by URL or by the id of a file. */
export interface Screenshot {
  type: 'computer_screenshot'
  file_id?: string
  image_url?: string
}

/** Code that ran in a container. `outputs` only where the request included them. */
export interface CodeInterpreterCall {
  type: 'code_interpreter_call'
  id: string
  status: ItemStatus | 'interpreting' | 'failed'
  container_id: string
  code: string | null
  outputs: ({ type: 'logs'; logs: string } | { type: 'image'; url: string })[] | null
}

/** An image. `result` is base64, and `null` or missing until the image is done. */
export interface ImageGenerationCall {
  type: 'image_generation_call'
  id: string
  status: 'in_progress' | 'completed' | 'generating' | 'failed'
  result: string | null
  action?: 'generate' | 'edit' | 'auto' | null
  background?: 'transparent' | 'opaque' | 'auto' | null
  output_format?: 'png' | 'webp' | 'jpeg' | 'gif' | 'svg' | null
  quality?: 'low' | 'medium' | 'high' | 'xhigh' | 'max' | 'auto' | null
  /** Width and height as `1024x1536`. */
  size?: string | null
  /** The prompt that the image was made from. */
  revised_prompt?: string | null
  error?: ImageGenerationError
  svg_usage?: {
    model: string
    input_tokens: number
    output_tokens: number
    reasoning_tokens: number
    total_tokens: number
  }
}

/** Why there is no image. */
export interface ImageGenerationError {
  type: string
  code: string | null
  message: string
  param: string | null
  moderation_details?: { categories: string[]; moderation_stage: 'input' | 'output' | 'unknown' }
}

/** A tool of an MCP server. */
export interface McpCall {
  type: 'mcp_call'
  id: string
  server_label: string
  name: string
  /** JSON. */
  arguments: string
  status?: ItemStatus | 'calling' | 'failed'
  output?: string | null
  error?: McpCallError | null
  approval_request_id?: string | null
}

/** Where a call of an MCP tool went wrong. */
export type McpCallError =
  | { type: 'mcp_protocol_error'; code: number; message: string }
  | { type: 'http_error'; code: number; message: string }
  | { type: 'mcp_tool_execution_error'; content: unknown }

/** What an MCP server offers. */
export interface McpListTools {
  type: 'mcp_list_tools'
  id: string
  server_label: string
  tools: { name: string; input_schema: unknown; description?: string | null; annotations?: unknown | null }[]
  error?: string | null
}

/** The endpoint asks whether it may call an MCP tool. */
export interface McpApprovalRequest {
  type: 'mcp_approval_request'
  id: string
  server_label: string
  name: string
  /** JSON. */
  arguments: string
}

/** The answer to such a question. */
export interface McpApprovalResponse {
  type: 'mcp_approval_response'
  id: string
  approval_request_id: string
  approve: boolean
  reason?: string | null
}
