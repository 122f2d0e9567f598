/**
 * Records the calls of a client, and draws them: as text for a terminal, or as one HTML page. A separate entry, which the main
 * entry does not load.
 */
export { readCalls } from './read-calls.ts'
export type { RecordedAttempt, RecordedCall } from './recorded-call.ts'
export { type CallRecorder, type RecordCallsOptions, recordCalls } from './recorder.ts'
export { type RenderHtmlOptions, renderHtml } from './render-html.ts'
export { type PicturedCall, type RenderTextOptions, renderText } from './render-text.ts'
