import { describe, expect, it } from 'vitest'
import { IdCollector, idsBeside, mayHoldId } from '../../src/call/ids-beside.ts'
import { encode } from './reader-context.ts'

const JSON_TYPE = { headers: { 'content-type': 'application/json' } }
const WITHIN = 65_536

describe('a collector of ids', () => {
  const idsOf = (...parts: readonly string[]): string[] => {
    const collector = new IdCollector()
    for (const part of parts) collector.push(encode(part))
    return collector.ids()
  }

  it('finds the id of an answer in one part or several, whole or cut', () => {
    expect(idsOf('{"id":"resp_1","output":[]}')).toEqual(['resp_1'])
    expect(idsOf('{"i', 'd":"re', 'sp_1"', ',"ou')).toEqual(['resp_1'])
    expect(idsOf('{"object":"response"}')).toEqual([])
    expect(idsOf()).toEqual([])
  })

  it('keeps up to 65536 bytes, and forgets them', () => {
    const collector = new IdCollector()
    collector.push(encode(' '.repeat(WITHIN - 20)))
    expect(collector.isFull).toBe(false)
    collector.push(encode('{"id":"resp_1"}'.padEnd(20)))
    expect(collector.isFull).toBe(true)
    collector.push(encode('{"id":"resp_2"}'))
    expect(collector.ids()).toEqual(['resp_1'])
    expect(collector.ids()).toEqual([])
  })

  it('reads no further than 65536 bytes of a larger part', () => {
    expect(idsOf(`${' '.repeat(WITHIN - 14)}{"id":"resp_1"}`)).toEqual(['resp_1'])
    expect(idsOf(`${' '.repeat(WITHIN - 13)}{"id":"resp_1"}`)).toEqual([])
  })
})

describe('an answer', () => {
  it.each([
    [true, 200, 'application/json'],
    [true, 299, 'application/problem+JSON; charset=utf-8'],
    [false, 199, 'application/json'],
    [false, 300, 'application/json'],
    [false, 200, 'text/plain'],
    [false, 200, undefined],
  ])('may hold an id: %s for %i and %s', (expected, status, type) => {
    const headers = type === undefined ? [] : [['content-type', type] as const]
    expect(mayHoldId({ status, statusText: '', headers })).toBe(expected)
  })
})

describe('a response that is handed out', () => {
  it('tells its ids, and can still be read', async () => {
    const response = new Response('{"id":"resp_1"}', JSON_TYPE)
    expect(await idsBeside(response)).toEqual(['resp_1'])
    expect(await response.text()).toBe('{"id":"resp_1"}')
  })

  it.each([
    ['an error', new Response('{"id":"resp_1"}', { ...JSON_TYPE, status: 400 })],
    ['a text', new Response('{"id":"resp_1"}', { headers: { 'content-type': 'text/plain' } })],
    ['no type', new Response(encode('{"id":"resp_1"}'))],
    ['no body', new Response(null, JSON_TYPE)],
  ])('tells none of %s', async (_, response) => {
    expect(await idsBeside(response)).toEqual([])
    expect(response.bodyUsed).toBe(false)
  })

  it('tells none if it was read before', async () => {
    const response = new Response('{"id":"resp_1"}', JSON_TYPE)
    await response.text()
    expect(await idsBeside(response)).toEqual([])
  })

  it('tells what had come before it broke', async () => {
    let pulls = 0
    const body = new ReadableStream({
      pull(controller) {
        if (pulls++ === 0) controller.enqueue(encode('{"id":"resp_1",'))
        else controller.error(new Error('cut'))
      },
    })
    expect(await idsBeside(new Response(body, JSON_TYPE))).toEqual(['resp_1'])
  })

  it('tells them once 65536 bytes have come, and nothing is kept for it of what the caller reads later', async () => {
    let pulls = 0
    const body = new ReadableStream({
      pull(controller) {
        controller.enqueue(encode(pulls++ === 0 ? '{"id":"resp_1",' : ' '.repeat(WITHIN)))
      },
    })
    const response = new Response(body, JSON_TYPE)
    expect(await idsBeside(response)).toEqual(['resp_1'])
    expect(pulls).toBeLessThan(5)
    const reader = response.body?.getReader()
    for (let read = 0; read < 10; read++) expect((await reader?.read())?.done).toBe(false)
    await reader?.cancel()
  })
})
