import dns from 'node:dns'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { blackHole } from '../support/black-hole.ts'
import { testCertificate } from '../support/certificates.ts'
import { connectProxy } from '../support/connect-proxy.ts'
import { clientSockets, noClientSocketsLeft } from '../support/proc-net.ts'
import { turns } from '../support/until.ts'
import { fault } from './support/fault.ts'
import { FACES } from './support/outcome.ts'
import { CERTIFICATE, SCHEMES, Stage } from './support/stage.ts'

afterEach(() => vi.restoreAllMocks())

const NAME = 'endpoint.test'

/** The resolver of this machine, for one name: what it says, one after the other; behind that the address. */
function resolving(...says: readonly string[]): { asked: number } {
  const seen = { asked: 0 }
  vi.spyOn(dns, 'lookup').mockImplementation(((
    host: string,
    options: { all?: boolean },
    callback: (...args: unknown[]) => void,
  ) => {
    const code = says[seen.asked++]
    const error =
      code && Object.assign(new Error(`getaddrinfo ${code} ${host}`), { code, syscall: 'getaddrinfo', hostname: host })
    process.nextTick(() => {
      if (error) callback(error)
      else if (options.all) callback(null, [{ address: '127.0.0.1', family: 4 }])
      else callback(null, '127.0.0.1', 4)
    })
  }) as never)
  return seen
}

fault('1: no such host', { host: NAME }, async (stage) => {
  const seen = resolving(...Array(10).fill('ENOTFOUND'))
  const error = stage.expectFailed(await stage.call(), 'host_not_found')
  expect(error.message).toContain(NAME)
  expect(error.replaySafety).toBe('safe')
  expect(seen.asked).toBe(3)
})

fault('2: the resolver times out once', { host: NAME }, async (stage) => {
  const seen = resolving('EAI_AGAIN')
  stage.expectWhole(await stage.call())
  expect(stage.codes).toEqual(['dns_failed'])
  expect(seen.asked).toBe(2)
})

fault('3: refused, then accepting', {}, async (stage) => {
  stage.server.refuseConnections()
  const call = stage.call()
  while (stage.codes.length < 2) await turns()
  await stage.server.acceptConnections()
  stage.expectWhole(await call)
  expect(new Set(stage.codes)).toEqual(new Set(['connection_refused']))
})

fault('3: refused for good', {}, async (stage) => {
  stage.server.refuseConnections()
  const start = stage.clock.now()
  const error = stage.expectFailed(await stage.call(), 'connection_refused')
  expect(error.attempts).toHaveLength(5)
  expect(error.giveUpReason).toBe('retries_exhausted')
  // The growing back-off would have met an endpoint that is back within 5 s.
  expect(stage.clock.now() - start).toBeGreaterThan(5000)
})

fault('5: the TLS handshake stalls', { schemes: ['https'] }, async (stage) => {
  stage.server.script([{ at: 'accept', effect: 'stall' }, 'ok'])
  stage.expectWhole(await stage.call())
  expect(stage.codes).toEqual(['connect_timeout'])
})

const CERTIFICATES = {
  expired: { ...testCertificate({ hosts: ['127.0.0.1'], expired: true }) },
  'self-signed': { ...testCertificate({ hosts: ['127.0.0.1'] }), ca: CERTIFICATE.cert },
  'of another host': { ...testCertificate({ hosts: ['other.test'] }) },
}
for (const [what, tls] of Object.entries(CERTIFICATES)) {
  fault(`6: a certificate that is not to be trusted: ${what}`, { schemes: ['https'], tls }, async (stage) => {
    const error = stage.expectFailed(await stage.call(), 'certificate_rejected')
    expect(error).toMatchObject({ giveUpReason: 'not_retryable', phase: 'connecting' })
    expect(stage.server.requests).toEqual([])
    expect(stage.server.connections).toHaveLength(1)
  })
}

fault('8: out of files', { host: NAME }, async (stage) => {
  resolving('EMFILE', 'EMFILE')
  stage.expectWhole(await stage.call())
  expect(stage.decisions).toMatchObject([
    { code: 'resources_exhausted', lane: 'pushback', delayMs: 250 },
    { code: 'resources_exhausted', lane: 'pushback', delayMs: 500 },
  ])
})

const EVERYWHERE = SCHEMES.flatMap((scheme) => FACES.map((face) => [scheme, face] as const))

describe('4: a connect black hole', () => {
  it.each(EVERYWHERE)('over %s, through %s', async (scheme, face) => {
    await using hole = await blackHole()
    const filling = clientSockets(hole.port)
    const url = hole.url.replace('http:', `${scheme}:`)
    const stage = await Stage.open({ scheme, face, time: 'by_hand', options: { baseURL: `${url}/v1`, maxRetries: 1 } })
    const call = stage.call({}, { url })
    let over = false
    void call.then(() => {
      over = true
    })
    const start = stage.clock.now()
    for (await turns(20); !over; await turns(20)) await stage.clock.hurry()
    const error = stage.expectFailed(await call, 'connect_timeout')
    expect(error).toMatchObject({ phase: 'connecting', replaySafety: 'safe', deadline: { ms: 10_000 } })
    // Five connects: they have a count of their own, beside `maxRetries`.
    expect(stage.clock.now() - start).toBeLessThan(60_000)
    await stage.nothingIsLeft()
    expect(clientSockets(hole.port)).toEqual(filling)
  })
})

const PROXIES: ReadonlyArray<readonly [answer: string, code: string, attempts: number]> = [
  ['HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n', 'proxy_refused', 1],
  ['HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n', 'proxy_failed', 5],
  ['nothing', 'connect_timeout', 5],
]
for (const [answer, code, attempts] of PROXIES) {
  describe(`7: a proxy answers CONNECT with ${answer.slice(0, 12)}`, () => {
    it.each(EVERYWHERE)('over %s, through %s', async (scheme, face) => {
      await using proxy = await connectProxy(answer)
      const stage = await Stage.open({
        scheme,
        face,
        time: 'flows',
        options: { proxy: proxy.url.replace('//', '//user:swordfish@'), maxRetries: 2 },
      })
      const error = stage.expectFailed(await stage.call(), code)
      expect(error.attempts).toHaveLength(attempts)
      expect(JSON.stringify([error.message, error.cause])).not.toContain('swordfish')
      expect(proxy.asked).toHaveLength(attempts)
      await stage.client.close()
      await noClientSocketsLeft(proxy.server.port)
      await proxy.server.close()
      await stage.nothingIsLeft()
    })
  })
}

describe('73: one origin is a black hole, another is healthy', () => {
  it.each(EVERYWHERE)('over %s, through %s', async (scheme, face) => {
    await using hole = await blackHole()
    const filling = clientSockets(hole.port)
    const stage = await Stage.open({ scheme, face, time: 'by_hand' })
    const lost = Array.from({ length: 200 }, () =>
      stage.client.fetch(`${hole.url}/v1/responses`, {
        method: 'POST',
        body: '{"stream":true}',
        signal: stage.controller.signal,
      }),
    )
    const gone = Promise.allSettled(lost)
    const seen = Array.from({ length: 200 }, () => stage.call())
    const start = stage.clock.now()
    for (const outcome of await Promise.all(seen)) stage.expectWhole(outcome)
    expect(stage.codes).toEqual([])
    // No deadline of theirs has passed meanwhile: nothing waited for the others.
    expect(stage.clock.now() - start).toBeLessThan(10_000)
    stage.controller.abort('enough')
    expect(new Set((await gone).map(({ status }) => status))).toEqual(new Set(['rejected']))
    await stage.nothingIsLeft()
    expect(clientSockets(hole.port)).toEqual(filling)
  })
})
