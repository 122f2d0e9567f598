import { playOverSockets } from './support/play.ts'
import { WEBSOCKET_CALLERS } from './table/websocket-callers.ts'

playOverSockets(WEBSOCKET_CALLERS)
