import { playOverSockets } from './support/play.ts'
import { MALFORMED_HTTP } from './table/malformed-http.ts'

playOverSockets(MALFORMED_HTTP)
