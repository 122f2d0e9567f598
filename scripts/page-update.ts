/** Writes the script and the style of the timeline's page as texts. */
import { writeFileSync } from 'node:fs'
import { PAGE_CODE_FILE, pageCode } from './page-code.ts'

writeFileSync(PAGE_CODE_FILE, await pageCode())
