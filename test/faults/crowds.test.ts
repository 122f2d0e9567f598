import { playOverSockets } from './support/play.ts'
import { CROWDS } from './table/crowds.ts'

playOverSockets(CROWDS)
