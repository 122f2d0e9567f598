/** What `lazy-reading.ts` loads. */
export { Call } from '../call/call.ts'
export { readCall, readOutcome } from './read-json.ts'
export { StreamSession } from './session.ts'
