import { ANSWERING, testHarms } from './support/harms.ts'

testHarms(ANSWERING)
