import { describe, expect, it } from 'vitest'
import { UpstreamError } from '../../src/index.ts'
import { dataFrames, fieldServer, streamAnswer } from './support/field-server.ts'
import { ASKED, playCreate, playFetch, playOpenAI, playStream } from './support/play.ts'

/** tontinton/maki#980 (OpenRouter), sgl-project/sglang#12081: inside a stream of 200, the code is the status of the failure. */
const FINAL: ReadonlyArray<readonly [what: string, error: object, status: number]> = [
  [
    'sglang: a number',
    {
      object: 'error',
      message: 'Input length (40000 tokens) exceeds the maximum allowed length (32768 tokens).',
      type: 'BadRequestError',
      param: null,
      code: 400,
    },
    400,
  ],
  ['OpenRouter: no credits', { code: 402, message: 'This request requires more credits, or fewer max_tokens.' }, 402],
  ['a text', { code: '402', message: 'Insufficient credits' }, 402],
  ['a text of a number', { code: '400', type: 'BadRequestError', message: 'max_tokens must be at least 1' }, 400],
]

describe.each(FINAL)('a numeric code inside a stream, %s', (_, error, status) => {
  const bytes = streamAnswer(dataFrames({ error }))

  it('is final, and its status and words are on the error', async () => {
    await using server = await fieldServer([bytes])
    const { baseURL } = server
    const { message } = error as { message: string }
    for (const played of [await playStream({ baseURL }), await playCreate({ baseURL })]) {
      expect(played.error).toBeInstanceOf(UpstreamError)
      expect(played.error).toMatchObject({
        status,
        upstreamCode: String(status),
        upstreamMessage: message,
        retryable: false,
      })
    }
    expect(server.requests).toHaveLength(2)
  })

  it('is final for the drop-in and openai, which get the failure unchanged', async () => {
    await using server = await fieldServer([bytes])
    const { baseURL } = server
    const fetched = await playFetch({ baseURL })
    expect(fetched.result?.text).toContain(JSON.stringify(error))
    const hosted = await playOpenAI({ baseURL }, async (openai) => {
      for await (const _ of await openai.responses.create({ ...ASKED, stream: true })) {
        // The first event throws.
      }
    })
    expect(String(hosted.error)).toContain((error as { message: string }).message)
    expect(server.requests).toHaveLength(2)
  })
})

describe('a numeric code inside a stream that says "not now"', () => {
  it.each([429, '503', 500])('%j is retried', async (code) => {
    await using server = await fieldServer([streamAnswer(dataFrames({ error: { code, message: 'Provider busy' } }))])
    const played = await playStream({ baseURL: server.baseURL, maxRetries: 2 })
    expect(played.error).toMatchObject({ status: Number(code), giveUpReason: 'retries_exhausted' })
    expect(server.requests).toHaveLength(3)
  })
})
