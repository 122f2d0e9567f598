/** The tools of a request, as the response repeats them. */

/** One tool. `switch` on `type`. */
export type Tool =
  | FunctionTool
  | CustomTool
  | NamespaceTool
  | ToolSearchTool
  | FileSearchTool
  | WebSearchTool
  | WebSearchPreviewTool
  | McpTool
  | CodeInterpreterTool
  | ImageGenerationTool
  | ComputerUsePreviewTool
  | ShellTool
  | { type: 'computer' }
  | { type: 'local_shell' }
  | { type: 'programmatic_tool_calling' }
  | { type: 'apply_patch'; allowed_callers?: AllowedCallers }

/** Which tool the model may or must call. */
export type ToolChoice =
  | 'none'
  | 'auto'
  | 'required'
  | { type: 'allowed_tools'; mode: 'auto' | 'required'; tools: JsonMap[] }
  | { type: 'function'; name: string }
  | { type: 'custom'; name: string }
  | { type: 'mcp'; server_label: string; name?: string | null }
  | { type: 'apply_patch' | 'shell' | 'programmatic_tool_calling' }
  | { type: HostedToolType }

type HostedToolType =
  | 'file_search'
  | 'image_generation'
  | 'code_interpreter'
  | 'mcp'
  | 'computer'
  | 'computer_use'
  | 'computer_use_preview'
  | 'web_search_preview'
  | 'web_search_preview_2025_03_11'

type JsonMap = Record<string, unknown>
type AllowedCallers = ('direct' | 'programmatic')[] | null

/** A function of the caller; `parameters` is a JSON schema. */
export interface FunctionTool {
  type: 'function'
  name: string
  description?: string | null
  parameters: JsonMap | null
  output_schema?: JsonMap | null
  strict: boolean | null
  allowed_callers?: AllowedCallers
  async?: boolean
  defer_loading?: boolean
}

/** A tool of the caller that takes free text, or text of a grammar. */
export interface CustomTool {
  type: 'custom'
  name: string
  description?: string
  format?: { type: 'text' } | { type: 'grammar'; syntax: 'lark' | 'regex'; definition: string }
  allowed_callers?: AllowedCallers
  async?: boolean
  defer_loading?: boolean
}

/** Tools under one name. */
export interface NamespaceTool {
  type: 'namespace'
  name: string
  description: string
  tools: (NamespacedFunction | CustomTool)[]
}

/** A function in a namespace, where its schema may be omitted. */
export interface NamespacedFunction extends Omit<FunctionTool, 'parameters' | 'strict'> {
  parameters?: unknown | null
  strict?: boolean | null
}

/** Lets the model search for tools that are not loaded yet. */
export interface ToolSearchTool {
  type: 'tool_search'
  description?: string | null
  execution?: 'server' | 'client'
  parameters?: unknown | null
}

/** Search in vector stores. */
export interface FileSearchTool {
  type: 'file_search'
  vector_store_ids: string[]
  filters?: Comparison | { type: 'and' | 'or'; filters: (Comparison | unknown)[] } | null
  max_num_results?: number
  ranking_options?: {
    hybrid_search?: { embedding_weight: number; text_weight: number }
    ranker?: 'auto' | 'default-2024-11-15'
    score_threshold?: number
  }
}

interface Comparison {
  type: 'eq' | 'ne' | 'gt' | 'gte' | 'lt' | 'lte' | 'in' | 'nin'
  key: string
  value: string | number | boolean | (string | number)[]
}

interface Place {
  city?: string | null
  country?: string | null
  region?: string | null
  timezone?: string | null
}

/** Search on the web. */
export interface WebSearchTool {
  type: 'web_search' | 'web_search_2025_08_26'
  external_web_access?: boolean
  filters?: { allowed_domains?: string[] | null } | null
  search_context_size?: 'low' | 'medium' | 'high'
  user_location?: (Place & { type?: 'approximate' }) | null
}

/** Search on the web, the older tool. */
export interface WebSearchPreviewTool {
  type: 'web_search_preview' | 'web_search_preview_2025_03_11'
  search_content_types?: ('text' | 'image')[]
  search_context_size?: 'low' | 'medium' | 'high'
  user_location?: (Place & { type: 'approximate' }) | null
}

interface McpToolFilter {
  read_only?: boolean
  tool_names?: string[]
}

/** An MCP server (`server_url`, `tunnel_id`) or a connector of the endpoint. */
export interface McpTool {
  type: 'mcp'
  server_label: string
  server_description?: string
  server_url?: string
  tunnel_id?: string
  connector_id?: `connector_${'dropbox' | 'gmail' | 'googlecalendar' | 'googledrive' | 'microsoftteams' | 'outlookcalendar' | 'outlookemail' | 'sharepoint'}`
  authorization?: string
  headers?: Record<string, string> | null
  allowed_tools?: string[] | McpToolFilter | null
  require_approval?: 'always' | 'never' | { always?: McpToolFilter; never?: McpToolFilter } | null
  allowed_callers?: AllowedCallers
  defer_loading?: boolean
}

interface ContainerLimits {
  file_ids?: string[]
  memory_limit?: '1g' | '4g' | '16g' | '64g' | null
  network_policy?:
    | { type: 'disabled' }
    | {
        type: 'allowlist'
        allowed_domains: string[]
        domain_secrets?: { domain: string; name: string; value: string }[]
      }
}

/** Runs code of the model in a container: an existing one, by its id, or a new one. */
export interface CodeInterpreterTool {
  type: 'code_interpreter'
  container: string | (ContainerLimits & { type: 'auto' })
  allowed_callers?: AllowedCallers
}

/** A shell: in a new container, an existing one, or on the caller's machine. */
export interface ShellTool {
  type: 'shell'
  environment?:
    | (ContainerLimits & { type: 'container_auto'; skills?: (SkillReference | InlineSkill)[] })
    | { type: 'container_reference'; container_id: string }
    | { type: 'local'; skills?: { name: string; description: string; path: string }[] }
    | null
  allowed_callers?: AllowedCallers
}

interface SkillReference {
  type: 'skill_reference'
  skill_id: string
  version?: string
}

interface InlineSkill {
  type: 'inline'
  name: string
  description: string
  source: { type: 'base64'; media_type: 'application/zip'; data: string }
}

/** Creates or changes images. */
export interface ImageGenerationTool {
  type: 'image_generation'
  model?: string
  action?: 'generate' | 'edit' | 'auto'
  background?: 'transparent' | 'opaque' | 'auto'
  complexity?: 'low' | 'medium' | 'high'
  frame_count?: number
  frame_duration_ms?: number
  input_fidelity?: 'high' | 'low' | null
  input_image_mask?: { file_id?: string; image_url?: string }
  moderation?: 'auto' | 'low'
  output_compression?: number
  output_format?: 'png' | 'webp' | 'jpeg' | 'gif' | 'svg'
  partial_images?: number
  quality?: 'low' | 'medium' | 'high' | 'xhigh' | 'max' | 'auto'
  /** Width and height as `1024x1536`, or `auto`. */
  size?: string
  svg?: {
    model?: string
    reasoning?: { effort?: 'none' | 'minimal' | 'low' | 'medium' | 'high' | 'xhigh' | 'max' } | null
  }
}

/** A screen of this size, in pixels. */
export interface ComputerUsePreviewTool {
  type: 'computer_use_preview'
  display_height: number
  display_width: number
  environment: 'windows' | 'mac' | 'linux' | 'ubuntu' | 'browser'
}
