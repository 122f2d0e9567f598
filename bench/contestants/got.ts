import got from 'got'
import type { Contestant } from '../contract.ts'
import { REQUEST, streamedBytes } from './reading.ts'

/** Its stream, on connections that are kept: Node's default agent keeps them. */
export async function create(): Promise<Contestant> {
  return { bytes: async (url) => streamedBytes(got.stream(`${url}/responses`, { ...REQUEST, retry: { limit: 0 } })) }
}
