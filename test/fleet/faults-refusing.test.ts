import { REFUSING, testHarms } from './support/harms.ts'

testHarms(REFUSING)
