/** Settings of a request that its response repeats. */

import type { InputPart } from './content.ts'

/** Priority of the work. */
export type ServiceTier = 'auto' | 'default' | 'flex' | 'scale' | 'priority' | 'fast' | 'ultrafast' | null

/** How long the model may reason. */
export type ReasoningEffort = 'none' | 'minimal' | 'low' | 'medium' | 'high' | 'xhigh' | 'max'

/** How the model reasons, and what it shows of it. */
export interface ReasoningSettings {
  effort?: ReasoningEffort | null
  summary?: SummaryStyle | null
  /** The older name of `summary`. */
  generate_summary?: SummaryStyle | null
  context?: 'auto' | 'current_turn' | 'all_turns' | null
  /** Known: `standard`, `pro`. */
  mode?: string
}

type SummaryStyle = 'auto' | 'concise' | 'detailed'

/** The format of the text. */
export type TextFormat =
  | { type: 'text' }
  | { type: 'json_object' }
  | {
      type: 'json_schema'
      name: string
      schema: Record<string, unknown>
      description?: string
      strict?: boolean | null
    }

/** A stored prompt, with its variables. */
export interface PromptTemplate {
  id: string
  version?: string | null
  variables?: Record<string, string | InputPart> | null
}
