import { describe, expect, it, vi } from 'vitest'
import { findResilientError } from '../../src/index.ts'

/**
 * openai/openai-node calls `vi.resetModules()` before each test. A client that was made before that loads the rest of
 * this library with its first call, as a second copy: nothing may be recognised by the identity of a class.
 */
async function clientBeforeReset(fetch: () => Promise<Response>) {
  vi.resetModules()
  const { fetchTransport, ResilientClient } = await import('../../src/index.ts')
  const client = new ResilientClient({ transport: fetchTransport(fetch), maxRetries: 0 })
  vi.resetModules()
  return client
}

const post = (client: { readonly fetch: typeof globalThis.fetch }, url = 'https://api.test/v1/responses') =>
  client.fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"model":"m"}' })

describe('a client whose other modules are loaded anew', () => {
  it('makes its calls, and follows their redirects', async () => {
    const answers = [Response.json({ object: 'response' }), Response.redirect('https://api.test/moved', 307)]
    const client = await clientBeforeReset(async () => answers.pop() as Response)
    expect(await (await post(client)).json()).toEqual({ object: 'response' })
    expect(answers).toEqual([])
    await client.close()
  })

  it('fails as it always does', async () => {
    const client = await clientBeforeReset(async () => {
      throw new TypeError('fetch failed', { cause: Object.assign(new Error('reset'), { code: 'ECONNRESET' }) })
    })
    const error = await post(client).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ name: 'TypeError', message: 'fetch failed' })
    expect(findResilientError(error)).toMatchObject({ code: 'connection_reset' })
    await client.close()
  })

  it('throws what the wrapped fetch threw, if that is no failure of the network', async () => {
    const thrown = new RangeError('mine')
    const client = await clientBeforeReset(() => Promise.reject(thrown))
    await expect(post(client)).rejects.toBe(thrown)
    await client.close()
  })

  it('says that it is closed, and what of a call is not accepted', async () => {
    const client = await clientBeforeReset(async () => Response.json({}))
    await expect(client.fetch('https://api.test/', { integrity: 'sha256-x' })).rejects.toMatchObject({
      name: 'TypeError',
    })
    await client.close()
    await expect(post(client)).rejects.toMatchObject({ code: 'client_closed' })
  })
})
