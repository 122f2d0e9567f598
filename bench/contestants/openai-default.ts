import type { Contestant } from '../contract.ts'
import { openaiOn } from './openai.ts'

export async function create(): Promise<Contestant> {
  return openaiOn(undefined)
}
