import { EventEmitter } from 'node:events'
import net from 'node:net'
import tls from 'node:tls'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { Connector } from '../../../src/transport/undici/connector.ts'
import { directRead } from '../../../src/transport/undici/direct-read.ts'
import { standIn } from '../../support/typed.ts'

/** As much of a socket as a connector sees. */
class FakeSocket extends EventEmitter {
  readonly done: string[] = []
  readonly options: Record<string, unknown>

  constructor(options: Record<string, unknown>) {
    super()
    this.options = options
  }

  setNoDelay(on: boolean): void {
    this.done.push(`no delay ${on}`)
  }

  setKeepAlive(on: boolean, ms: number): void {
    this.done.push(`keep alive ${on} ${ms}`)
  }

  destroy(): void {
    this.done.push('destroy')
  }
}

afterEach(() => {
  vi.restoreAllMocks()
})

/** Opens connections on sockets that are played by hand. */
function connector(options: ConstructorParameters<typeof Connector>[0] = {}) {
  const sockets: FakeSocket[] = []
  for (const module of [net, tls]) {
    vi.spyOn(module, 'connect').mockImplementation(
      standIn((given: Record<string, unknown>) => {
        const socket = new FakeSocket(given)
        sockets.push(socket)
        return socket
      }),
    )
  }
  const own = new Connector(options)
  return {
    sockets,
    open(origin: string) {
      const outcomes: unknown[] = []
      const dial = own.open(new URL(origin), (error, socket) => outcomes.push([error, socket]))
      return { dial, outcomes, socket: sockets.at(-1) as FakeSocket }
    },
  }
}

describe('a connection being opened', () => {
  it.each<[origin: string, expected: object]>([
    ['http://api.test', { host: 'api.test', port: 80 }],
    ['http://api.test:8080', { host: 'api.test', port: 8080 }],
    ['http://[2001:db8::1]', { host: '2001:db8::1', port: 80 }],
  ])('goes to %s', (origin, expected) => {
    expect(connector().open(origin).socket.options).toEqual({ ...expected, onread: directRead })
  })

  it.each<[origin: string, options: object, expected: object]>([
    ['https://api.test', {}, { host: 'api.test', port: 443, servername: 'api.test' }],
    ['https://api.test:8443', {}, { port: 8443 }],
    // An address is no name to ask for (RFC 6066 3).
    ['https://192.0.2.1', {}, { host: '192.0.2.1', servername: '' }],
    ['https://[2001:db8::1]', {}, { host: '2001:db8::1', servername: '' }],
    ['https://192.0.2.1', { servername: 'own.test' }, { servername: 'own.test' }],
    ['https://api.test', { rejectUnauthorized: false }, { rejectUnauthorized: false }],
  ])('goes over TLS to %s, with %j', (origin, options, expected) => {
    const { socket } = connector({ tls: options }).open(origin)
    const always = { ALPNProtocols: ['http/1.1'], session: undefined, onread: directRead }
    expect(socket.options).toMatchObject({ ...always, ...expected })
    expect('rejectUnauthorized' in socket.options).toBe('rejectUnauthorized' in options)
  })

  it.each([
    ['http://api.test', 'connect', 'secureConnect'],
    ['https://api.test', 'secureConnect', 'connect'],
  ])('to %s is open with the event %s, and sends without delay', (origin, event, other) => {
    const { socket, outcomes } = connector().open(origin)
    expect(socket.done).toEqual(['no delay true', 'keep alive true 60000'])
    socket.emit(other)
    expect(outcomes).toEqual([])
    socket.emit(event)
    expect(outcomes).toEqual([[null, socket]])
    // What comes later is for whoever has the socket.
    socket.emit('error', new Error('late'))
    socket.emit('close')
    expect([outcomes.length, socket.done.length]).toEqual([1, 2])
  })

  it('fails once, with the error', () => {
    const { socket, outcomes } = connector().open('http://api.test')
    const error = new Error('refused')
    socket.emit('error', error)
    socket.emit('error', new Error('again'))
    socket.emit('close')
    socket.emit('connect')
    expect(outcomes).toEqual([[error, null]])
  })

  it('that closes before it is open counts as reset', () => {
    const { socket, outcomes } = connector().open('http://api.test')
    socket.emit('close')
    expect(outcomes).toMatchObject([[{ code: 'ECONNRESET', message: 'closed while connecting' }, null]])
  })

  it('that is destroyed reports nothing more, and leaves no socket', () => {
    const { socket, outcomes, dial } = connector().open('http://api.test')
    dial.destroy()
    expect(socket.done.at(-1)).toBe('destroy')
    socket.done.length = 0
    socket.emit('connect')
    expect([outcomes, socket.done]).toEqual([[], ['destroy']])
    const failing = connector().open('http://api.test')
    failing.dial.destroy()
    failing.socket.emit('error', new Error('refused'))
    expect(failing.outcomes).toEqual([])
  })
})

describe('TLS sessions', () => {
  const bytes = (text: string): Buffer => Buffer.from(text)

  it('are reused for the same origin, the latest first', () => {
    const c = connector()
    const { socket } = c.open('https://api.test')
    socket.emit('session', bytes('first'))
    socket.emit('session', bytes('second'))
    expect(c.open('https://api.test').socket.options.session).toEqual(bytes('second'))
    expect(c.open('https://api.test:8443').socket.options.session).toBeUndefined()
  })

  it('are kept for the last 100 origins', () => {
    const c = connector()
    const learn = (n: number): void => {
      c.open(`https://api-${n}.test`).socket.emit('session', bytes(String(n)))
    }
    const known = (n: number): boolean => c.open(`https://api-${n}.test`).socket.options.session !== undefined
    for (let n = 0; n < 100; n++) learn(n)
    expect([known(0), known(1), known(99)]).toEqual([true, true, true])
    // One that is renewed is no longer the oldest.
    learn(0)
    learn(100)
    expect([known(0), known(1), known(2), known(100)]).toEqual([true, false, true, true])
  })

  it('share one context', () => {
    const c = connector()
    const contexts = ['https://a.test', 'https://b.test'].map((origin) => c.open(origin).socket.options.secureContext)
    expect(contexts[0]).toBeDefined()
    expect(contexts[1]).toBe(contexts[0])
  })
})

describe('an unusable TLS option', () => {
  const refused = (options: object): unknown => {
    try {
      new Connector({ tls: options })
    } catch (error) {
      return error
    }
    return undefined
  }
  const accepted = 'accepted are ca, cert and key in PEM, with the passphrase of the key.'

  it.each([['nonsense'], [['-----BEGIN nonsense', 'nonsense']], ['']])('is refused at once: ca %j', (ca) => {
    expect(refused({ ca })).toMatchObject({
      name: 'ConfigurationError',
      path: 'tls',
      message: `tls: not usable (ca is not PEM); ${accepted}`,
    })
  })

  it('is refused at once, with the message of OpenSSL', () => {
    const error = refused({ key: 'nonsense' }) as Error
    expect(error).toMatchObject({ name: 'ConfigurationError', path: 'tls' })
    expect(error.message).toMatch(/^tls: not usable \(.+\); accepted are ca, cert and key in PEM/)
    vi.spyOn(tls, 'createSecureContext').mockImplementation(() => {
      throw 'nothing that could be told'
    })
    expect(refused({})).toMatchObject({ message: `tls: not usable (no further detail); ${accepted}` })
  })
})
