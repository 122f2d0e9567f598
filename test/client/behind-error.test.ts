import { describe, expect, it } from 'vitest'
import { fake, sseFrame, textStream } from '../../src/testing/index.ts'
import { scenario } from './harness.ts'

const ERROR = sseFrame({ type: 'error', code: 'insufficient_quota', message: 'The account is empty.' })

describe('bytes after an `error` event', () => {
  it.each([
    ['the end mark in the same read', [`${ERROR}data: [DONE]\n\n`]],
    ['the end mark in a later one', [ERROR, 'data: [DONE]\n\n']],
    ['a broken frame in the same read', [`${ERROR}data: {"x\n\n`]],
    ['a broken frame in a later one', [ERROR, 'data: {"x\n\n']],
  ])('do not change the failure: %s', async (_, reads) => {
    const s = scenario([reads.map((read) => fake.bytes(read)), fake.respond(textStream())])
    await s.settle(s.post())
    expect(s.decisions()).toMatchObject([{ code: 'response_failed', retry: false, reason: 'not_retryable' }])
  })
})
