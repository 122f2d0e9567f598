import { playOverSockets } from './support/play.ts'
import { CONTINUITY } from './table/continuity.ts'

playOverSockets(CONTINUITY)
