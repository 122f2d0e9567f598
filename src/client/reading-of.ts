import type { ReaderSettings } from '../call/response-reader.ts'
import type { ClientSettings } from './settings.ts'

/** The settings with which the drop-in reads an answer. */
export function readingOf({ commit, limits, streamFailure, classify }: ClientSettings): ReaderSettings {
  return {
    needsEvents: false,
    wholeFrames: streamFailure === 'sse_error',
    commitAt: commit,
    maxEventBytes: limits.eventBytes,
    maxPreludeBytes: limits.preludeBytes === 0 ? Infinity : limits.preludeBytes,
    classify,
  }
}
