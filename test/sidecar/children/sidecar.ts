/** A sidecar in a process of its own, which tells what it holds. */
import { readdirSync } from 'node:fs'
import { type SidecarOptions, startSidecar } from '../../../src/sidecar/index.ts'

const sidecar = await startSidecar({ ...(JSON.parse(process.argv[2] ?? '{}') as SidecarOptions), onCall: () => {} })
process.on('disconnect', () => process.exit())
process.on('message', (message: 'look' | 'close') => {
  if (message === 'close') {
    void sidecar.close().then(() => process.disconnect())
    return
  }
  globalThis.gc?.()
  const timers = process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
  process.send?.({
    stats: sidecar.stats(),
    rss: process.memoryUsage.rss(),
    files: readdirSync('/proc/self/fd').length,
    timers,
  })
})
process.send?.({ url: sidecar.url })
