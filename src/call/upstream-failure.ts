import type { Failure } from '../errors/failure.ts'
import { secretsOf } from '../errors/redact.ts'
import { askClassify, type Classification } from '../retry/classify-hook.ts'
import { classifyUpstream, MAX_MESSAGE } from '../retry/classify-upstream.ts'
import { statusSaidBy, type UpstreamErrorFields } from '../retry/error-fields.ts'
import { hidingEchoes } from './hiding-echoes.ts'
import { headerOf, type ReaderContext } from './response-reader.ts'

/** The content of an answer about its failure. */
export interface SaidOfFailure {
  /** The HTTP status of an error answer. `undefined` for a failure reported inside a stream. */
  readonly status: number | undefined
  readonly error: UpstreamErrorFields | undefined
  /** What the endpoint sent, unchanged. */
  readonly body: unknown
  readonly responseId?: string | undefined
}

/** The failure that an answer reports, judged by its headers, its fields and the user's `classify`. */
export function upstreamFailure(
  { head, settings, clock, request, log }: Pick<ReaderContext, 'head' | 'settings' | 'clock' | 'request' | 'log'>,
  { status, error, body, responseId }: SaidOfFailure,
): Failure {
  const header = (name: string): string | undefined => headerOf(head, name)
  const hook = settings.classify
  const classify = (): Classification | undefined => {
    if (hook === undefined) return undefined
    const seen = {
      where: status === undefined ? 'event' : 'status',
      status: status ?? statusSaidBy(error),
      code: error?.code,
      type: error?.type,
      message: error?.message?.slice(0, MAX_MESSAGE),
      header: (name: string) => header(String(name).toLowerCase()),
    } as const
    return askClassify(hook, seen, (problem) => log.classifyFailed(problem))
  }
  return classifyUpstream({
    status,
    error,
    host: request.url.host,
    header,
    wallNow: clock.wallNow(),
    responseId,
    secrets: secretsOf(request.url, request.headers),
    withoutEchoes: hidingEchoes(request),
    classify,
    headers: head.headers,
    body,
  })
}
