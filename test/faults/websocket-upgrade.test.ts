import { playOverSockets } from './support/play.ts'
import { WEBSOCKET_UPGRADE } from './table/websocket-upgrade.ts'

playOverSockets(WEBSOCKET_UPGRADE)
