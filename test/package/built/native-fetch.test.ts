import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { RawServer } from '../../support/raw-server.ts'

const run = promisify(execFile)
const major = Number.parseInt(process.versions.node, 10)

let endpoint: RawServer
/** Says 200 to CONNECT and goes on to answer what comes through the tunnel: no more is needed to see who asks. */
let proxy: RawServer

beforeAll(async () => {
  endpoint = await RawServer.answering((_request, connection) => connection.answer('direct'))
  proxy = await RawServer.answering(({ method }, connection) => {
    if (method === 'CONNECT') connection.write('HTTP/1.1 200 OK\r\n\r\n')
    else connection.answer('through the proxy')
  })
})

afterAll(async () => {
  await endpoint.close()
  await proxy.close()
})

/** What becomes of the built-in `fetch` of a program that has run `code` before. */
async function nativeFetchAfter(code: string): Promise<unknown> {
  const script = `
    const said = async (init) => {
      try {
        return await (await fetch('${endpoint.url}', init)).text()
      } catch (error) {
        return [error.message, error.cause?.code]
      }
    }
    ${code}
    const plain = await said()
    const withLength = await said({ method: 'POST', body: 'text', headers: { 'content-length': '4' } })
    process.stdout.write(JSON.stringify({ plain, withLength }))
    process.exit()`
  const env = { PATH: '/usr/bin:/bin', NODE_USE_ENV_PROXY: '1', HTTP_PROXY: proxy.url, http_proxy: proxy.url }
  const args = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', script]
  const { stdout, stderr } = await run(process.execPath, args, { cwd: inject('consumerFolder'), env })
  expect(stderr).toBe('')
  return JSON.parse(stdout)
}

const imported = "const { ResilientClient, createResilientFetch } = await import('resilient-responses')"

it('the drop-in of the package has the name and the length of the built-in fetch', async () => {
  const script = `${imported}
    const owned = createResilientFetch()
    process.stdout.write(JSON.stringify([new ResilientClient().fetch, owned, fetch].map((each) => [each.name, each.length])))`
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], {
    cwd: inject('consumerFolder'),
  })
  expect(JSON.parse(stdout)).toEqual([
    ['fetch', 1],
    ['fetch', 1],
    ['fetch', 1],
  ])
})

describe('the built-in fetch of a program that has the package', () => {
  it.each([
    ['imports it', () => imported],
    ['builds a client', () => `${imported}; new ResilientClient({ proxy: 'env' })`],
    [
      'makes calls with it',
      () => `${imported}
        for (const proxy of [undefined, 'none', 'env']) {
          const client = new ResilientClient(proxy === undefined ? {} : { proxy })
          const text = await (await client.fetch('${endpoint.url}/v1/models')).text()
          const expected = proxy === 'none' ? 'direct' : 'through the proxy'
          if (text !== expected) throw new Error('our own call went ' + text)
          await client.close()
        }`,
    ],
  ])('keeps its proxy of the environment, and takes a content-length, when that %s', async (_what, code) => {
    const alone = await nativeFetchAfter('')
    // Older versions of Node 22 have no proxy of the environment: then there is none to lose.
    if (major >= 24) expect(alone).toEqual({ plain: 'through the proxy', withLength: 'through the proxy' })
    expect(await nativeFetchAfter(code())).toEqual(alone)
  })

  it('would lose its proxy visibly: undici, imported whole, sets another dispatcher', async () => {
    const code = `
      const { createRequire } = await import('node:module')
      const { Agent, setGlobalDispatcher, Dispatcher1Wrapper } = createRequire(process.cwd() + '/')('undici')
      setGlobalDispatcher(new Agent())
      globalThis[Symbol.for('undici.globalDispatcher.1')] = new Dispatcher1Wrapper(new Agent())`
    expect(await nativeFetchAfter(code)).toMatchObject({ plain: 'direct' })
  })
})
