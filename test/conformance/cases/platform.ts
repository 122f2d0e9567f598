import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { beyondTheStandard } from '../../support/typed.ts'
import { turns } from '../../support/until.ts'
import { all, type Case } from '../support/scene.ts'

/** What the platform around a `fetch` can see, and what its rarer options do. */
export const PLATFORM: readonly Case[] = [
  {
    name: 'a referrer of the same origin',
    run: async ({ fetch, at }) => (await fetch(at('/'), { referrer: at('/page') })).text(),
  },
  {
    name: 'the case of the names of headers',
    async run({ fetch }) {
      const names: string[] = []
      const server = http.createServer((request, response) => {
        names.push(...request.rawHeaders.filter((name) => name.toLowerCase() === 'x-mine'))
        response.end('ok')
      })
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      const { port } = server.address() as AddressInfo
      await (await fetch(`http://127.0.0.1:${port}/`, { headers: { 'X-Mine': 'yes', connection: 'close' } })).text()
      await new Promise<void>((resolve) => server.close(() => resolve()))
      return names
    },
  },
  {
    name: 'entries for PerformanceObserver',
    async run({ fetch, at }) {
      let entries = 0
      // Not what Node keeps to be read later: that is full after 250 calls of the process.
      const observer = new PerformanceObserver((list) => {
        entries += list.getEntriesByName(at('/timed')).length
      })
      observer.observe({ type: 'resource' })
      await (await fetch(at('/timed'))).text()
      // Told some time after the body was read.
      for (let turn = 0; turn < 100 && entries === 0; turn++) await turns()
      observer.disconnect()
      return `${entries} entries`
    },
  },
  {
    name: '407 with `window: null`',
    serve: (_request, connection) => connection.write('HTTP/1.1 407 X\r\ncontent-length: 2\r\n\r\nno'),
    run: async ({ fetch, at }) => all(await fetch(at('/'), { method: 'POST', window: null })),
  },
  {
    name: 'a relative address behind setGlobalOrigin() of undici',
    async run({ fetch, at }) {
      const key = Symbol.for('undici.globalOrigin.1')
      Object.defineProperty(globalThis, key, { value: new URL(at('/')), configurable: true, writable: true })
      try {
        return await all(await fetch('/relative'))
      } finally {
        Object.defineProperty(globalThis, key, { value: undefined, configurable: true, writable: true })
      }
    },
  },
  {
    name: 'an answer of four codings',
    serve(_request, connection) {
      const body = [0, 1, 2, 3].reduce((bytes) => gzipSync(bytes), Buffer.from('ok'))
      const coding = 'content-encoding: gzip, gzip, gzip, gzip'
      connection.write(`HTTP/1.1 200 OK\r\n${coding}\r\ncontent-length: ${body.length}\r\n\r\n`)
      connection.write(body)
    },
    run: async ({ fetch, at }) => ((await (await fetch(at('/'))).text()) === 'ok' ? 'decoded' : 'not decoded'),
  },
  {
    name: 'a dispatcher in a Request',
    async run({ fetch, at }) {
      let used = 'not used'
      const dispatcher = {
        dispatch(): boolean {
          used = 'used'
          throw new Error('mine')
        },
      }
      const request = new Request(at('/'), beyondTheStandard<RequestInit>({ dispatcher }))
      await fetch(request).then(
        (response) => response.text(),
        () => {},
      )
      return used
    },
  },
]
