import { playOverSockets } from './support/play.ts'
import { WEBSOCKET_TENANTS } from './table/websocket-tenants.ts'

playOverSockets(WEBSOCKET_TENANTS)
