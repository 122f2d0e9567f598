/** Calls that act on a machine: shells and patches. */

import type { ItemStatus, ToolCaller } from './item-state.ts'

/** A command for the older local shell; the caller runs it. */
export interface LocalShellCall {
  type: 'local_shell_call'
  id: string
  call_id: string
  status: ItemStatus
  action: {
    type: 'exec'
    command: string[]
    env: Record<string, string>
    /** Milliseconds. */
    timeout_ms?: number | null
    user?: string | null
    working_directory?: string | null
  }
}

/** What the local shell printed. */
export interface LocalShellCallOutput {
  type: 'local_shell_call_output'
  id: string
  output: string
  status?: ItemStatus | null
}

/** Commands for a shell, in a container of the endpoint or on the caller's machine. */
export interface ShellCall {
  type: 'shell_call'
  id: string
  call_id: string
  status: ItemStatus
  action: {
    commands: string[]
    /** Characters. */
    max_output_length: number | null
    /** Milliseconds. */
    timeout_ms: number | null
  }
  environment: { type: 'local' } | { type: 'container_reference'; container_id: string } | null
  caller?: ToolCaller | null
  created_by?: string
}

/** What the commands of a shell call printed, one entry per command. */
export interface ShellCallOutput {
  type: 'shell_call_output'
  id: string
  call_id: string
  status: ItemStatus
  max_output_length: number | null
  output: ShellOutput[]
  caller?: ToolCaller | null
  created_by?: string
}

/** What one command printed, and how it ended. */
export interface ShellOutput {
  stdout: string
  stderr: string
  outcome: { type: 'exit'; exit_code: number } | { type: 'timeout' }
  created_by?: string
}

/** A change of one file. */
export interface ApplyPatchCall {
  type: 'apply_patch_call'
  id: string
  call_id: string
  status: 'in_progress' | 'completed'
  operation: PatchOperation
  caller?: ToolCaller | null
  created_by?: string
}

/** `diff` grows by `response.apply_patch_call_operation_diff.delta` events. */
export type PatchOperation =
  | { type: 'create_file'; path: string; diff: string }
  | { type: 'update_file'; path: string; diff: string }
  | { type: 'delete_file'; path: string }

/** Whether a patch could be applied. */
export interface ApplyPatchCallOutput {
  type: 'apply_patch_call_output'
  id: string
  call_id: string
  status: 'completed' | 'failed'
  output?: string | null
  caller?: ToolCaller | null
  created_by?: string
}
