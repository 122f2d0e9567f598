import type { Case } from '../support/scene.ts'
import { ABORTS } from './aborts.ts'
import { ANSWERS_OF_ALL_KINDS } from './answers.ts'
import { BODIES_OF_REQUESTS } from './bodies.ts'
import { HEADERS } from './headers.ts'
import { PLATFORM } from './platform.ts'
import { READING } from './reading.ts'
import { READS_AND_ABORTS } from './reads-and-aborts.ts'
import { REDIRECTS } from './redirects.ts'
import { REQUESTS } from './requests.ts'
import { STREAMS } from './streams.ts'

export const CASES: readonly Case[] = [
  ...REQUESTS,
  ...HEADERS,
  ...BODIES_OF_REQUESTS,
  ...ANSWERS_OF_ALL_KINDS,
  ...READING,
  ...ABORTS,
  ...READS_AND_ABORTS,
  ...REDIRECTS,
  ...STREAMS,
  ...PLATFORM,
]
