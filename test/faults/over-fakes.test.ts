import { playOverFakes } from './support/play.ts'
import { CHAPTERS } from './table/index.ts'

for (const chapter of Object.values(CHAPTERS)) playOverFakes(chapter)
