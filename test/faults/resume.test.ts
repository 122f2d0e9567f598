import { playOverSockets } from './support/play.ts'
import { RESUME } from './table/resume.ts'

playOverSockets(RESUME)
