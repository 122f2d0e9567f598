import { describe, expect, it } from 'vitest'
import { type GuardSettings, refusalOf, type Visitor } from '../../src/sidecar/guard.ts'

const SETTINGS: GuardSettings = { token: undefined, takesAuthorization: false, allowHosts: [], allowOrigins: [] }
const VISITOR: Visitor = {
  target: '/v1/models',
  host: '127.0.0.1:8787',
  localAddress: '127.0.0.1',
  origin: undefined,
  fetchSite: undefined,
  token: undefined,
  authorization: undefined,
}
const TOKEN = 'a-token-of-many-letters'

const codeOf = (visitor: Partial<Visitor>, settings: Partial<GuardSettings> = {}) =>
  refusalOf({ ...VISITOR, ...visitor }, { ...SETTINGS, ...settings })?.code

describe('the Host of a request to the sidecar', () => {
  it.each(['127.0.0.1:8787', 'localhost:8787', 'LocalHost', '[::1]:8787', '127.0.0.53'])('%s is let in', (host) => {
    expect(codeOf({ host })).toBeUndefined()
  })

  it.each(['evil.example', 'evil.example:8787', '127.0.0.1.evil.example', '', 'localhost:8787:1', 'a b', '10.0.0.7'])(
    'refuses %j',
    (host) => {
      expect(codeOf({ host })).toBe('host_not_allowed')
    },
  )

  it('may be the address to which the client connected', () => {
    expect(codeOf({ host: '10.0.0.7:8787', localAddress: '::ffff:10.0.0.7' })).toBeUndefined()
  })

  it('may be a name that is allowed', () => {
    expect(codeOf({ host: 'sidecar.internal:80' }, { allowHosts: ['sidecar.internal'] })).toBeUndefined()
  })

  it('must be there', () => {
    expect(codeOf({ host: undefined })).toBe('host_not_allowed')
  })
})

describe('the Origin of a request to the sidecar', () => {
  it('must be the addressed host', () => {
    expect(codeOf({ origin: 'http://127.0.0.1:8787' })).toBeUndefined()
    expect(codeOf({ origin: 'http://127.0.0.1:9999' })).toBe('origin_not_allowed')
    expect(codeOf({ origin: 'https://evil.example' })).toBe('origin_not_allowed')
    expect(codeOf({ origin: 'null' })).toBe('origin_not_allowed')
  })

  it('may be one that is allowed, also of another site', () => {
    const allowOrigins = ['https://app.example']
    expect(codeOf({ origin: 'https://app.example', fetchSite: 'cross-site' }, { allowOrigins })).toBeUndefined()
  })

  it('is not needed to refuse a page of another site', () => {
    expect(codeOf({ fetchSite: 'cross-site' })).toBe('origin_not_allowed')
    expect(codeOf({ fetchSite: 'same-origin' })).toBeUndefined()
    expect(codeOf({ fetchSite: 'none' })).toBeUndefined()
  })
})

describe('the token of the sidecar', () => {
  it('is asked for where there is one', () => {
    expect(codeOf({}, { token: TOKEN })).toBe('invalid_sidecar_token')
    expect(codeOf({ token: 'another-token-of-letters' }, { token: TOKEN })).toBe('invalid_sidecar_token')
    expect(codeOf({ token: TOKEN }, { token: TOKEN })).toBeUndefined()
  })

  it('comes as Authorization only where the key of the upstream is of the sidecar', () => {
    const authorization = `Bearer ${TOKEN}`
    expect(codeOf({ authorization }, { token: TOKEN })).toBe('invalid_sidecar_token')
    expect(codeOf({ authorization }, { token: TOKEN, takesAuthorization: true })).toBeUndefined()
  })
})
