import { playOverSockets } from './support/play.ts'
import { CONTENT } from './table/content.ts'

playOverSockets(CONTENT)
