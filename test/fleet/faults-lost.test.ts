import { LOST, testHarms } from './support/harms.ts'

testHarms(LOST)
