/**
 * A background response that survives a restart of the process.
 *
 * The id and the number of the last event are kept in a file. A new process resumes the stream after that event, so each
 * event is handled once. An event counts as handled after `onEvent` has returned.
 */
import { readFile, rm, writeFile } from 'node:fs/promises'
import type { ResilientClient, ResponseObject, ResponseStream, ResponseStreamEvent } from 'resilient-responses'

export interface Job {
  /** Where the state is kept, for example `./job.json`. */
  readonly file: string
  readonly model: string
  readonly input: string
  /** Called for each event, in order. May be async. */
  readonly onEvent: (event: ResponseStreamEvent) => unknown
  /** Ends the work of this process. The response continues at the endpoint. */
  readonly signal?: AbortSignal
}

interface State {
  readonly id: string
  readonly last: number
}

/** Starts the job, or continues it where an earlier process stopped. */
export async function runJob(
  client: ResilientClient,
  { file, model, input, onEvent, signal }: Job,
): Promise<ResponseObject> {
  const state = await readState(file)
  const stream: ResponseStream =
    state === undefined
      ? client.responses.stream({ model, input, background: true, store: true }, { signal })
      : client.responses.resume(state.id, { starting_after: state.last, signal })
  for await (const event of stream) {
    await onEvent(event)
    if (stream.id !== undefined && typeof event.sequence_number === 'number') {
      await writeFile(file, JSON.stringify({ id: stream.id, last: event.sequence_number } satisfies State))
    }
  }
  const response = await stream.finalResponse()
  await rm(file, { force: true })
  return response
}

async function readState(file: string): Promise<State | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined)
  return text === undefined ? undefined : (JSON.parse(text) as State)
}
