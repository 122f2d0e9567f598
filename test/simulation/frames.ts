import { classOfEvent, type EventClass } from '../../src/sse/event-classes.ts'
import { failedStream, incompleteStream, type StreamEvent, sseFrame, textStream } from '../../src/testing/index.ts'
import type { AnswerPlan, EndPlan } from './schedule.ts'

/** One frame as it goes out. */
export interface Frame {
  readonly wire: string
  /** The event as JSON, to compare with what a caller got. */
  readonly json: string
  readonly type: string
  readonly class: EventClass
}

/** A stream as the endpoint means to send it. Every id and every piece of text in it carries its tag. */
export interface Stream {
  readonly tag: string
  readonly id: string
  readonly frames: readonly Frame[]
  /** The text of the whole message. */
  readonly text: string
  readonly end: EndPlan
}

const TAG = '@@'
const templates = new Map<string, Omit<Stream, 'tag' | 'id' | 'end'>>()

type StreamPlan = Extract<AnswerPlan, { kind: 'stream' }>

/** Built once for each shape; the tag is put in for each use. */
export function streamOf(tag: string, plan: StreamPlan, background: boolean, limitMessage: string): Stream {
  const { deltas, keepalives, end } = plan
  const failing = end.how === 'failed' ? `${end.code}/${end.told}/${end.hintMs ?? ''}/${end.vague}` : ''
  const key = `${deltas}/${keepalives}/${end.how}/${failing}/${background}/${limitMessage}`
  let template = templates.get(key)
  if (template === undefined) {
    template = shapeOf(build(plan, background, limitMessage))
    templates.set(key, template)
  }
  const put = (text: string): string => text.replaceAll(TAG, tag)
  return {
    tag,
    id: `resp_${tag}`,
    frames: template.frames.map((frame) => ({ ...frame, wire: put(frame.wire), json: put(frame.json) })),
    text: put(template.text),
    end,
  }
}

function build({ deltas, keepalives, end }: StreamPlan, background: boolean, message: string): StreamEvent[] {
  const options = {
    id: `resp_${TAG}`,
    keepalives,
    background,
    deltas: Array.from({ length: deltas }, (_, index) => `${TAG}.${index} `),
  }
  if (end.how === 'failed') {
    const events = failedStream({ ...options, code: end.code, message, errorEvent: end.told })
    return end.vague && end.told === 'before_failed' ? events.map(vaguely) : events
  }
  return end.how === 'completed' ? textStream(options) : incompleteStream(options)
}

function vaguely(event: StreamEvent): StreamEvent {
  return event.type === 'error' ? { ...event, error: { message: 'Something went wrong.' } } : event
}

function shapeOf(events: readonly StreamEvent[]): Omit<Stream, 'tag' | 'id' | 'end'> {
  const frames = events.map((event) => ({
    wire: sseFrame(event),
    json: JSON.stringify(event),
    type: event.type,
    class: classOfEvent(event.type, event),
  }))
  return {
    frames,
    text: events.map((event) => (event.type === 'response.output_text.delta' ? event.delta : '')).join(''),
  }
}

/** The whole response, as an endpoint that does not stream sends it; its last frame holds it. */
export function wholeResponse(stream: Stream): string {
  const last = stream.frames.at(-1)
  if (last === undefined) throw new Error('a stream has a frame at least')
  const { response, error } = JSON.parse(last.json) as { response?: unknown; error?: unknown }
  return JSON.stringify(response ?? { error })
}
