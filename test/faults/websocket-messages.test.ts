import { playOverSockets } from './support/play.ts'
import { WEBSOCKET_MESSAGES } from './table/websocket-messages.ts'

playOverSockets(WEBSOCKET_MESSAGES)
