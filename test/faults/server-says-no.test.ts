import { playOverSockets } from './support/play.ts'
import { SERVER_SAYS_NO } from './table/server-says-no.ts'

playOverSockets(SERVER_SAYS_NO)
