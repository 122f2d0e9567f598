import { runJob } from '../../../examples/background-resume.ts'
import { ResilientClient, type TelemetryEvent } from '../../../src/index.ts'

/**
 * Runs the job, and ends itself as SIGKILL does: with `TEXTS` at that call of `onText`, before its text is saved; with
 * `TELEMETRY` at the first telemetry event of that type.
 */
const { BASE_URL: baseURL, FILE: file = '', TEXTS, TELEMETRY } = process.env

function die(): void {
  process.kill(process.pid, 'SIGKILL')
}

const client = new ResilientClient({
  baseURL,
  apiKey: 'any',
  onEvent: (event: TelemetryEvent) => {
    if (event.type === TELEMETRY) die()
  },
})
let texts = 0
const { text, status } = await runJob(client, {
  file,
  model: 'gpt-5.2',
  input: 'Think.',
  onText: () => {
    if (String(++texts) === TEXTS) die()
  },
})
process.stdout.write(JSON.stringify({ text, status }))
