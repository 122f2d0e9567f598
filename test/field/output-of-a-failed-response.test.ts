import { describe, expect, it } from 'vitest'
import { ResponseFailedError, StreamInterruptedError } from '../../src/index.ts'
import { dataFrames, fieldServer, streamAnswer } from './support/field-server.ts'
import { added, broken, created, delta, unfinished } from './support/kept.ts'
import { playStream } from './support/play.ts'

const BEFORE = [created(0), added(1), delta(2, 'half')]
const ERROR = { code: 'server_error', message: 'The model stopped.' }

describe('the text of a response that fails after output', () => {
  it.each([
    ['an error event', { type: 'error', ...ERROR }],
    ['a bare error', { error: ERROR }],
    ['response.failed', { type: 'response.failed', response: { ...unfinished('failed'), error: ERROR } }],
  ])('is on the ResponseFailedError of %s', async (_, event) => {
    await using server = await fieldServer([streamAnswer(dataFrames(...BEFORE, event))])
    const { error } = await playStream({ baseURL: server.baseURL })
    expect(error).toBeInstanceOf(ResponseFailedError)
    expect(error).toMatchObject({ upstreamMessage: ERROR.message, partial: { text: 'half', finishedItems: [] } })
    expect(JSON.stringify(error)).not.toContain('half')
  })

  it('is on the StreamInterruptedError of a stream that breaks', async () => {
    await using server = await fieldServer([broken(...BEFORE)])
    const { error } = await playStream({ baseURL: server.baseURL, maxRetries: 0 })
    expect(error).toBeInstanceOf(StreamInterruptedError)
    expect(error).toMatchObject({ partial: { text: 'half' } })
  })
})
