/** The endpoint of `bench:sidecar`: streams with one event every some milliseconds, each with the time at which it was sent. */
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

const PAD = 'x'.repeat(100)

function frame(sequence_number: number): string {
  const type = 'response.output_text.delta'
  const at = performance.timeOrigin + performance.now()
  const data = { type, sequence_number, item_id: 'msg_1', output_index: 0, content_index: 0, delta: PAD, at }
  return `event: ${type}\ndata: ${JSON.stringify(data)}\n\n`
}

const response = { id: 'resp_1', object: 'response', status: 'in_progress', output: [] }
const CREATED = `event: response.created\ndata: ${JSON.stringify({ type: 'response.created', sequence_number: 0, response })}\n\n`
const COMPLETED = `event: response.completed\ndata: ${JSON.stringify({
  type: 'response.completed',
  sequence_number: 1e6,
  response: { ...response, status: 'completed' },
})}\n\n`

function stream(answer: ServerResponse, events: number, everyMs: number): void {
  answer.writeHead(200, { 'content-type': 'text/event-stream' })
  answer.write(CREATED)
  let sent = 1
  answer.write(frame(sent))
  if (events === 1) {
    answer.end(COMPLETED)
    return
  }
  // `events` 0: the stream waits for good.
  if (events === 0) return
  const timer = setInterval(() => {
    answer.write(frame(++sent))
    if (sent < events) return
    clearInterval(timer)
    answer.end(COMPLETED)
  }, everyMs)
  answer.once('close', () => clearInterval(timer))
}

const server = createServer((request, answer) => {
  const events = Number(request.headers['x-events'])
  const everyMs = Number(request.headers['x-every-ms'])
  request.resume().once('end', () => {
    // Streams do not send in step.
    if (events > 1) setTimeout(() => stream(answer, events, everyMs), Math.random() * everyMs)
    else stream(answer, events, everyMs)
  })
})
server.listen(0, '127.0.0.1', 4096, () => process.send?.({ port: (server.address() as AddressInfo).port }))
