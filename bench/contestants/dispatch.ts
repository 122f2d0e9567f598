import { createParser } from 'eventsource-parser'
import { Agent, type Dispatcher } from 'undici'
import type { Contestant } from '../contract.ts'
import { REQUEST } from './reading.ts'

/** A function that sends the request to an address, and resolves after the last bytes of the answer. */
export function dispatching(): (url: string, onData: (chunk: Buffer) => void) => Promise<void> {
  const agent = new Agent({ allowH2: false })
  return (url, onData) =>
    new Promise((resolve, reject) => {
      const { origin, pathname } = new URL(`${url}/responses`)
      const handler: Dispatcher.DispatchHandler = {
        onRequestStart() {},
        onResponseStart() {},
        onResponseData: (_controller, chunk) => onData(chunk),
        onResponseEnd: () => resolve(),
        onResponseError: (_controller, error) => reject(error),
      }
      const { method, headers, body } = REQUEST
      agent.dispatch({ origin, path: pathname, method, headers, body }, handler)
    })
}

/** undici's `dispatch` by hand, with nothing around it: the minimum. */
export async function create(): Promise<Contestant> {
  const dispatch = dispatching()
  return {
    async bytes(url) {
      let bytes = 0
      await dispatch(url, (chunk) => {
        bytes += chunk.length
      })
      return bytes
    },
    async events(url) {
      let events = 0
      const decoder = new TextDecoder()
      const parser = createParser({
        onEvent({ data }) {
          if (JSON.parse(data).type !== undefined) events++
        },
      })
      await dispatch(url, (chunk) => parser.feed(decoder.decode(chunk, { stream: true })))
      return events
    },
  }
}
