import type { Readable } from 'node:stream'
import axios from 'axios'
import type { Contestant } from '../contract.ts'
import { REQUEST, streamedBytes } from './reading.ts'

/** Its `http` adapter, which is the default on Node, with `responseType: 'stream'`. */
export async function create(): Promise<Contestant> {
  const { method, headers, body } = REQUEST
  return {
    async bytes(url) {
      const { data } = await axios<Readable>({
        url: `${url}/responses`,
        method,
        headers,
        data: body,
        adapter: 'http',
        responseType: 'stream',
      })
      return streamedBytes(data)
    },
  }
}
