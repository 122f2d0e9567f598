import { playOverSockets } from './support/play.ts'
import { AFTER_COMMIT } from './table/after-commit.ts'

playOverSockets(AFTER_COMMIT)
