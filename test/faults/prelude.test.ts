import { playOverSockets } from './support/play.ts'
import { PRELUDE } from './table/prelude.ts'

playOverSockets(PRELUDE)
