import { playOverSockets } from './support/play.ts'
import { WEBSOCKET_TURNS } from './table/websocket-turns.ts'

playOverSockets(WEBSOCKET_TURNS)
