import type { Row } from './row.ts'
import { CONNECTION_ROWS } from './rows/connections.ts'
import { START_ROWS } from './rows/start.ts'
import { STREAM_ROWS } from './rows/streams.ts'
import { TELEMETRY_ROWS } from './rows/telemetry.ts'
import { WEB_SOCKET_ROWS } from './rows/websocket.ts'

/** The ratios with targets, in the order of the report. */
export const ROWS: readonly Row[] = [
  ...STREAM_ROWS,
  ...CONNECTION_ROWS,
  ...WEB_SOCKET_ROWS,
  ...TELEMETRY_ROWS,
  ...START_ROWS,
]
