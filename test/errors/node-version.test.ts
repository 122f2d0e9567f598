import { expect, it } from 'vitest'
import { refuseOldNode } from '../../src/errors/node-version.ts'

it.each(['20.20.2', '22.18.0', '18.0.0'])('Node %s is refused in words', (version) => {
  expect(() => refuseOldNode(version)).toThrow(
    expect.objectContaining({
      code: 'invalid_configuration',
      message: `Node ${version} is too old: resilient-responses needs Node 22.19 or newer.`,
    }),
  )
})

it.each(['22.19.0', '22.20.1', '23.0.0', '24.21.0', '26.0.0'])('Node %s is accepted', (version) => {
  refuseOldNode(version)
})

it('the running Node is accepted', () => {
  refuseOldNode()
})
