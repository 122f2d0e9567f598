#!/usr/bin/env node
import { oldNode } from '../core/node-version.ts'

/** The installed command: `npx resilient-responses`. */

const refusal = oldNode()
if (refusal === undefined) {
  // Not at the top: an older Node fails on what that file imports, before anything can be said.
  const { start } = await import('./start.ts')
  await start()
} else {
  console.error(`resilient-responses: ${refusal}`)
  process.exitCode = 2
}
