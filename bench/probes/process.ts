import type { Probe, ProbeContext, ProbeName } from './contract.ts'

/** The child process of one variant of one probe. Loads only the probe. */
const LOADERS: Readonly<Record<ProbeName, () => Promise<Probe>>> = {
  waiting: async () => (await import('./waiting.ts')).waiting,
  crowd: async () => (await import('./waiting.ts')).crowd,
  tls_connect: async () => (await import('./connections.ts')).tlsConnect,
  connections: async () => (await import('./connections.ts')).connections,
  neighbour: async () => (await import('./connections.ts')).neighbour,
  retry_latency: async () => (await import('./failures.ts')).retryLatency,
  idle_close: async () => (await import('./failures.ts')).idleClose,
  timers: async () => (await import('./timers.ts')).timers,
  fit: async () => (await import('./fit.ts')).fit,
  turns: async () => (await import('./turns.ts')).turns,
  web_socket_unused: async () => (await import('./start.ts')).webSocketUnused,
  telemetry: async () => (await import('./telemetry.ts')).telemetry,
  first_call: async () => (await import('./start.ts')).firstCall,
  import_time: async () => (await import('./start.ts')).importedIn,
}

const [name, variant, context] = process.argv.slice(2) as [ProbeName, string, string]
process.on('disconnect', () => process.exit(0))
try {
  const probe = await LOADERS[name]()
  process.send?.({ value: await probe(variant, JSON.parse(context) as ProbeContext) })
} catch (error) {
  process.send?.({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) })
}
