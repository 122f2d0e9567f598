import type { Clock } from '../src/index.ts'
import { seededRandom, textStream } from '../src/testing/index.ts'
import { MockResponsesServer } from '../src/testing/server.ts'
import type { Fate } from './scenario.ts'

const EVENT_EVERY_MS = 400

/**
 * An endpoint in which call number n meets `fates[n - 1]`, and is then answered.
 *
 * @param pauses `false`: it answers at once, so that a call takes only the work of client and server.
 */
export async function startEndpoint(fates: readonly Fate[], clock: Clock, pauses = true): Promise<MockResponsesServer> {
  const server = await MockResponsesServer.start({
    // The demo needs no key.
    strict: false,
    clock,
    // A healthy attempt has its first event after 1 to 3 seconds, and ends some seconds later.
    ttfbMs: (request) => (pauses ? 1000 + 2000 * seededRandom(Number(request.call))() : 0),
    eventDelayMs: pauses ? EVENT_EVERY_MS : 0,
    respond: (request) => textStream({ id: `resp_${request.call}`, text: answerTo(Number(request.call)) }),
  })
  for (const [index, fate] of fates.entries()) {
    if (fate.length === 0) continue
    server.script([...fate.map(({ script }) => script), 'ok'], { call: String(index + 1) })
  }
  return server
}

/** The answer of the endpoint to a call without faults. */
export function answerTo(call: number): string {
  const words = 4 + (call % 9)
  return `Answer ${call}: ${Array.from({ length: words }, (_, index) => `word-${index + 1}`).join(' ')}.`
}
