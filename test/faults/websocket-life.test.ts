import { playOverSockets } from './support/play.ts'
import { WEBSOCKET_LIFE } from './table/websocket-life.ts'

playOverSockets(WEBSOCKET_LIFE)
