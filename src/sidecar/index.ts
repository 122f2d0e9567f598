export type { SidecarLogEntry } from './log-entry.ts'
export type { SidecarOptions } from './options.ts'
export { type Sidecar, type SidecarStats, startSidecar } from './sidecar.ts'
