import { playOverSockets } from './support/play.ts'
import { CALLERS } from './table/callers.ts'

playOverSockets(CALLERS)
