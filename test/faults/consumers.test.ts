import { playOverSockets } from './support/play.ts'
import { CONSUMERS } from './table/consumers.ts'

playOverSockets(CONSUMERS)
