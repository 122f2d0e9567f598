import { spawn } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { text as textOf } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { runJob } from '../../examples/background-resume.ts'
import { ResilientClient } from '../../src/index.ts'
import { textStream } from '../../src/testing/index.ts'
import { MockResponsesServer, type MockServerOptions } from '../../src/testing/server.ts'

const deltas = ['one ', 'two ', 'three ', 'four ']
const whole = deltas.join('')
const events = textStream({ id: 'resp_1', background: true, deltas })
const numbers = events.map(({ sequence_number }) => sequence_number as number)
const child = path.join(import.meta.dirname, 'children/background-job.ts')

async function start(options: MockServerOptions = {}) {
  const respond = () => textStream({ id: 'resp_1', background: true, deltas })
  const server = await MockResponsesServer.start({ respond, ...options })
  const folder = await mkdtemp(path.join(os.tmpdir(), 'job-'))
  const file = path.join(folder, 'job.json')
  return {
    server,
    file,
    folder,
    saved: async () => JSON.parse(await readFile(file, 'utf8')),
    /** Runs a process to its end, which is a SIGKILL or the end of the job. */
    async run(death: { readonly diesAtText?: number; readonly diesAtEvent?: string } = {}) {
      const given = JSON.stringify({ baseURL: server.baseURL, file, ...death })
      const flags = ['--disable-warning=ExperimentalWarning']
      const started = spawn(process.execPath, [...flags, child, given], { stdio: ['ignore', 'pipe', 'inherit'] })
      const ended = new Promise<NodeJS.Signals | null>((resolve) =>
        started.once('exit', (_code, signal) => resolve(signal)),
      )
      const [signal, out] = await Promise.all([ended, textOf(started.stdout)])
      return signal ?? JSON.parse(out)
    },
    async [Symbol.asyncDispose]() {
      await server.close()
      await rm(folder, { recursive: true })
    },
  }
}

describe('examples/background-resume.ts', () => {
  it('loses and doubles no word, where a process is killed at each text before it is saved', {
    timeout: 120_000,
  }, async () => {
    await using at = await start()
    expect(await at.run({ diesAtText: 1 })).toBe('SIGKILL')
    expect(await at.saved()).toMatchObject({ id: 'resp_1', text: '' })
    // Each process handles the text again that the one before has not saved, and dies at the next.
    for (let handled = 1; handled < deltas.length; handled++) {
      expect(await at.run({ diesAtText: 2 })).toBe('SIGKILL')
      expect(await at.saved()).toMatchObject({ id: 'resp_1', text: deltas.slice(0, handled).join('') })
    }
    expect(await at.run()).toEqual({ text: whole, status: 'completed' })
    // A process that starts after the end sends nothing.
    const sent = at.server.requests.length
    expect(await at.run()).toEqual({ text: whole, status: 'completed' })
    expect(at.server.requests).toHaveLength(sent)
    expect(at.server.requests.filter(({ method }) => method === 'POST')).toHaveLength(1)
    expect(await readdir(at.folder)).toEqual(['job.json'])
  })

  it.each(['call_start', 'attempt_start', 'attempt_commit'])(
    'starts anew, and doubles no word, where a process is killed before response.created is handled, at %s',
    { timeout: 60_000 },
    async (type) => {
      await using at = await start()
      expect(await at.run({ diesAtEvent: type })).toBe('SIGKILL')
      expect(await readdir(at.folder)).toEqual([])
      expect(await at.run()).toEqual({ text: whole, status: 'completed' })
    },
  )

  it('continues after each event that a process can have saved, the last one included', async () => {
    await using at = await start()
    const first = new ResilientClient({ baseURL: at.server.baseURL, apiKey: 'any' })
    await runJob(first, { file: at.file, model: 'm', input: 'x' })
    await first.close()
    for (const [index, last] of numbers.entries()) {
      const before = events.slice(0, index + 1)
      const text = before.map((event) => (event.type === 'response.output_text.delta' ? event.delta : '')).join('')
      await writeFile(at.file, JSON.stringify({ id: 'resp_1', last, text }))
      const client = new ResilientClient({ baseURL: at.server.baseURL, apiKey: 'any' })
      const texts = [text]
      const job = { file: at.file, model: 'm', input: 'x', onText: (next: string) => void texts.push(next) }
      expect(await runJob(client, job)).toMatchObject({ text: whole, status: 'completed' })
      // Each text adds one word to the one before, and the last is whole.
      expect(texts.at(-1)).toBe(whole)
      expect(texts).toEqual(texts.map((_, at) => deltas.slice(0, deltas.length - texts.length + 1 + at).join('')))
      expect(client.stats().activeCalls).toBe(0)
      await client.close()
    }
    expect(at.server.requests.filter(({ method }) => method === 'POST')).toHaveLength(1)
  })
})
