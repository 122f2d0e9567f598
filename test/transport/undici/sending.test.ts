import { describe, expect, it } from 'vitest'
import { systemClock } from '../../../src/core/clock.ts'
import { testCertificate } from '../../support/certificates.ts'
import type { RawServerOptions } from '../../support/raw-server.ts'
import { posting, type Sent, send } from '../../support/recorder.ts'
import { pause } from '../../support/until.ts'
import { setup } from './setup.ts'

/** More than the kernel takes in for a peer that does not read. */
const LARGE = Buffer.alloc(24 * 1024 * 1024, 'x')

const { key, cert } = testCertificate({ hosts: ['127.0.0.1'] })
const KINDS: Array<[string, RawServerOptions]> = [
  ['plain', { paused: true }],
  ['TLS', { paused: true, tls: { key, cert } }],
]

/** Waits until no more of a request goes out. */
async function stuck({ recorder }: Sent): Promise<number> {
  for (;;) {
    const before = recorder.count('sending')
    await pause(150)
    if (before > 0 && recorder.count('sending') === before) return before
  }
}

describe.each(KINDS)('`sending` and `sent` report what the operating system accepted, over %s', (_kind, serving) => {
  it('if a server never reads the body, progress stops and `sent` never comes (fault 15)', async () => {
    await using rig = await setup({ tls: { ca: cert } }, serving)
    const sent = send(rig.transport, rig.url, posting(LARGE))
    const progress = await stuck(sent)
    expect(progress).toBeLessThan(LARGE.length / 65_536)
    expect(sent.recorder.steps).toEqual(['connecting', 'connected', 'sending'])
    sent.destroy()
  })

  it('if a server reads slowly, each piece is progress, and `sent` comes with the last byte (fault 15)', async () => {
    await using rig = await setup({ tls: { ca: cert } }, serving)
    const sent = send(rig.transport, rig.url, posting(LARGE))
    const { recorder } = sent
    const { socket } = await rig.server.connection()
    const before = await stuck(sent)
    // A little with each turn of the event loop.
    socket.on('data', () => {
      socket.pause()
      systemClock.afterIO(() => socket.resume())
    })
    socket.resume()
    await recorder.until('sent')
    recorder.assertOrderly()
    expect(recorder.count('sending')).toBeGreaterThan(before + 10)
    sent.destroy()
  })

  it('one huge chunk of a streamed body shows progress, too', async () => {
    await using rig = await setup({ tls: { ca: cert } }, serving)
    const open = async function* () {
      yield LARGE
    }
    const sent = send(rig.transport, rig.url, {
      method: 'POST',
      body: { kind: 'stream', replayable: false, length: LARGE.length, open },
    })
    expect(await stuck(sent)).toBeGreaterThan(1)
    expect(sent.recorder.has('sent')).toBe(false)
    sent.destroy()
  })

  it('if a connection breaks while the request is sent, `sent` never comes, although undici reports the writes as done', async () => {
    await using rig = await setup({ tls: { ca: cert } }, serving)
    const sent = send(rig.transport, rig.url, posting(LARGE))
    await stuck(sent)
    ;(await rig.server.connection()).reset()
    await sent.recorder.settled()
    sent.recorder.assertOrderly()
    expect(sent.recorder.has('sent')).toBe(false)
    expect(sent.recorder.failure?.code).toMatch(/ECONNRESET|EPIPE|UND_ERR_SOCKET/)
  })
})

it('a small request is `sent` at once, read or not', async () => {
  await using rig = await setup({}, { paused: true })
  const sent = send(rig.transport, rig.url, posting('{}'))
  await sent.recorder.until('sent')
  expect(sent.recorder.steps).toEqual(['connecting', 'connected', 'sent'])
  sent.destroy()
})
