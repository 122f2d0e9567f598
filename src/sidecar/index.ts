export type { SidecarLogEntry } from './log-entry.ts'
export type { SidecarOptions } from './options.ts'
export { type Sidecar, startSidecar } from './sidecar.ts'
export type { SidecarStats } from './stats.ts'
