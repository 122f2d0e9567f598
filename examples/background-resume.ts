/**
 * A background response that survives a restart of the process, at any moment.
 *
 * Beside the id, a file holds the number of the last event and the text so far. All three are written together, so a new
 * process resumes after that event, and no word is lost or comes twice. The file stays after the end: remove it once the
 * result is used.
 *
 * A process that ends before the first save knows no id, so the next one starts a new response, which costs again.
 */
import { readFile, rename, writeFile } from 'node:fs/promises'
import type { ResilientClient, ResponseStream } from 'resilient-responses'

export interface Job {
  /** Where the state is kept, for example `./job.json`. For one process at a time. */
  readonly file: string
  readonly model: string
  readonly input: string
  /** Called with the text so far. After a restart it may be called again with the same text. */
  readonly onText?: (text: string) => unknown
  /** Ends the work of this process. The response continues at the endpoint. */
  readonly signal?: AbortSignal
}

export interface JobState {
  readonly id: string
  /** `sequence_number` of the last event whose output is in `text`: what `starting_after` of a resume takes. */
  readonly last?: number | undefined
  readonly text: string
  /** How the response ended, for example `completed`. Absent while it runs. */
  readonly status?: string | undefined
}

/** Starts the job, or continues it where an earlier process stopped. */
export async function runJob(client: ResilientClient, { file, model, input, onText, signal }: Job): Promise<JobState> {
  const saved = await read(file)
  if (saved?.status !== undefined) return saved
  const stream: ResponseStream =
    saved === undefined
      ? client.responses.stream({ model, input, background: true, store: true }, { signal })
      : client.responses.resume(saved.id, { starting_after: saved.last, signal })
  let { last, text } = saved ?? { last: undefined, text: '' }
  for await (const event of stream) {
    if (event.type === 'response.output_text.delta') {
      text += event.delta
      await onText?.(text)
    }
    last = event.sequence_number ?? last
    if (stream.id !== undefined) await save(file, { id: stream.id, last, text })
  }
  const { id, output_text, status } = await stream.finalResponse()
  // An endpoint that streams no more gives the whole response at once, with text whose events did not come.
  const done: JobState = { id, last, text: output_text, status }
  await save(file, done)
  return done
}

/** Writes the file whole or not at all: a process that ends while it writes leaves the state before. */
async function save(file: string, state: JobState): Promise<void> {
  await writeFile(`${file}.new`, JSON.stringify(state))
  await rename(`${file}.new`, file)
}

async function read(file: string): Promise<JobState | undefined> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
    return undefined
  })
  return text === undefined ? undefined : (JSON.parse(text) as JobState)
}
