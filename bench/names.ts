import type { ContestantName } from './contract.ts'
import type { WorkloadName } from './measures.ts'

export const TITLES: Readonly<Record<WorkloadName, string>> = {
  bytes_event: 'one stream, body read as bytes, one event per HTTP chunk',
  bytes_block: 'one stream, body read as bytes, HTTP chunks of 16 KB',
  events_event: 'one stream, every event parsed, one event per HTTP chunk',
  events_block: 'one stream, every event parsed, HTTP chunks of 16 KB',
  events_segment: '64 streams at once, every event parsed, one event per TCP segment',
  short_bytes: 'short calls, 20 events each, 64 at a time, bodies read as bytes',
  short_events: 'short calls, 20 events each, 64 at a time, every event parsed',
  socket_events: 'one WebSocket, every event parsed, one message after the other',
  socket_segment: '64 WebSockets at once, every event parsed, one message per TCP segment',
  socket_short: 'short calls on warm WebSockets, 20 events each, 64 at a time, every event parsed',
}

export const NAMES: Readonly<Record<ContestantName, string>> = {
  typed: 'typed stream',
  drop_in: 'drop-in fetch',
  undici_fetch: 'undici.fetch',
  dispatch: 'undici dispatch by hand',
  openai_default: 'openai SDK on its default fetch',
  openai_on_ours: 'openai SDK on our fetch',
  ai_default: 'AI SDK on its default fetch',
  ai_on_ours: 'AI SDK on our fetch',
  global_fetch: 'global fetch',
  ky: 'ky, on global fetch',
  got: 'got, its stream',
  axios: 'axios, http adapter, stream',
  typed_socket: 'typed stream on WebSockets',
  ws_by_hand: 'ws and JSON.parse by hand',
}
