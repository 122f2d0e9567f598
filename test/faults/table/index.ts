import type { Chapter } from '../support/row.ts'
import { AFTER_COMMIT } from './after-commit.ts'
import { BEFORE_FIRST_EVENT } from './before-first-event.ts'
import { CALLERS } from './callers.ts'
import { CONNECTING } from './connecting.ts'
import { CONSUMERS } from './consumers.ts'
import { CONTENT } from './content.ts'
import { CONTINUITY } from './continuity.ts'
import { CROWDS } from './crowds.ts'
import { MALFORMED_HTTP } from './malformed-http.ts'
import { PRELUDE } from './prelude.ts'
import { RESUME } from './resume.ts'
import { SERVER_SAYS_NO } from './server-says-no.ts'
import { TOGETHER } from './together.ts'
import { WEBSOCKET_CALLERS } from './websocket-callers.ts'
import { WEBSOCKET_LIFE } from './websocket-life.ts'
import { WEBSOCKET_MESSAGES } from './websocket-messages.ts'
import { WEBSOCKET_TENANTS } from './websocket-tenants.ts'
import { WEBSOCKET_TURNS } from './websocket-turns.ts'
import { WEBSOCKET_UPGRADE } from './websocket-upgrade.ts'

/**
 * The faults that the library must survive, by chapter. Unless a row says otherwise the call streams a response with four
 * retries. After every case nothing is left: no timer, no listener on the caller's signal, no socket, no lease; one outcome;
 * every planned fault struck.
 */
export const CHAPTERS: Readonly<Record<string, Chapter>> = {
  connecting: CONNECTING,
  'before-first-event': BEFORE_FIRST_EVENT,
  prelude: PRELUDE,
  'after-commit': AFTER_COMMIT,
  resume: RESUME,
  'malformed-http': MALFORMED_HTTP,
  content: CONTENT,
  'server-says-no': SERVER_SAYS_NO,
  continuity: CONTINUITY,
  callers: CALLERS,
  consumers: CONSUMERS,
  crowds: CROWDS,
  together: TOGETHER,
  'websocket-upgrade': WEBSOCKET_UPGRADE,
  'websocket-life': WEBSOCKET_LIFE,
  'websocket-messages': WEBSOCKET_MESSAGES,
  'websocket-turns': WEBSOCKET_TURNS,
  'websocket-callers': WEBSOCKET_CALLERS,
  'websocket-tenants': WEBSOCKET_TENANTS,
}
