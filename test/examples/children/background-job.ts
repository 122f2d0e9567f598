import { runJob } from '../../../examples/background-resume.ts'
import { ResilientClient, type TelemetryEvent } from '../../../src/index.ts'

/**
 * Runs the job, and kills itself: with `diesAtText` at that call of `onText`, before its text is saved; with `diesAtEvent`
 * at the first telemetry event of that type.
 */
const { baseURL, file, diesAtText, diesAtEvent } = JSON.parse(process.argv[2] ?? '{}')

function die(): void {
  process.kill(process.pid, 'SIGKILL')
}

const client = new ResilientClient({
  baseURL,
  apiKey: 'any',
  onEvent: (event: TelemetryEvent) => {
    if (event.type === diesAtEvent) die()
  },
})
let texts = 0
const { text, status } = await runJob(client, {
  file,
  model: 'gpt-5.2',
  input: 'Think.',
  onText: () => {
    if (++texts === diesAtText) die()
  },
})
process.stdout.write(JSON.stringify({ text, status }))
