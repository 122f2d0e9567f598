import { describe, expect, it } from 'vitest'
import { playFetch } from './support/play.ts'
import { socketServer } from './support/socket-server.ts'

describe('a header of an error frame with characters that no header can hold', () => {
  it('is left out, and the answer is handed over', async () => {
    const error = { code: 'invalid_prompt', message: 'No.' }
    const headers = { 'x-emoji': '😀', 'x-wide': 'Ā', 'x-latin': 'é', 'x-lines': 'a\r\nb', 'x-ok': 'yes' }
    for (const frame of [
      { status: 400, error: { ...error, headers } },
      { status: 400, error, headers },
      { status: 429, error, headers: { ...headers, 'retry-after': '0.1😀' } },
    ]) {
      await using server = await socketServer({ onMessage: (socket) => socket.say({ type: 'error', ...frame }) })
      const { result, error: thrown } = await playFetch({ baseURL: server.baseURL, webSocket: true, maxRetries: 0 })
      expect(thrown).toBeUndefined()
      expect(result?.status).toBe(frame.status)
      const names = ['x-emoji', 'x-wide', 'x-latin', 'x-lines', 'x-ok', 'retry-after']
      expect(names.map((name) => result?.headers.get(name))).toEqual([null, null, 'é', null, 'yes', null])
    }
  })
})
