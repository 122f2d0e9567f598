import { playOverSockets } from './support/play.ts'
import { CONNECTING } from './table/connecting.ts'

playOverSockets(CONNECTING)
