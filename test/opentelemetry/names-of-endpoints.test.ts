import { expect, it } from 'vitest'
import { nameOf } from '../../src/telemetry/names.ts'

it('a code or an id of an endpoint is an attribute only where it looks like a name', () => {
  for (const name of ['rate_limit_exceeded', 'Sandbox.Timedout', 'oauth.v2.InvalidApiKey', 'req_1-2', '404'])
    expect(nameOf(name)).toBe(name)
  for (const text of ['a sentence', '', 'x'.repeat(65), 'line\nline', 'naïve']) expect(nameOf(text)).toBeUndefined()
  expect(nameOf('x'.repeat(200), 200)).toHaveLength(200)
})
