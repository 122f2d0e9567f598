import { playOverSockets } from './support/play.ts'
import { BEFORE_FIRST_EVENT } from './table/before-first-event.ts'

playOverSockets(BEFORE_FIRST_EVENT)
