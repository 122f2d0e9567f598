/** The fields of an endpoint's error that affect a decision or are shown. All others stay in the body. */
export interface UpstreamErrorFields {
  readonly code?: string | undefined
  readonly type?: string | undefined
  readonly param?: string | undefined
  readonly message?: string | undefined
  /** The status that an error event names beside its code: `{ "type": "error", "status": 400, "error": { … } }`. */
  readonly status?: number | undefined
  readonly resetsInSeconds?: number | undefined
  /** Seconds since the epoch. */
  readonly resetsAt?: number | undefined
}

/**
 * Reads the error fields of a body or an event in any known shape: `{ error: { … } }`, `{ error: "text" }`, fields at
 * the top level, `{ detail }`, `{ fault }` and `{ errors: [ … ] }` of gateways, `response.error` of a failed response, one of
 * these inside `detail` or `error`, or `[ { error } ]`. Skips fields of a wrong type.
 */
export function errorFieldsOf(value: unknown, depth = 0): UpstreamErrorFields | undefined {
  if (Array.isArray(value) && depth === 0) {
    const failed: unknown = value.slice(0, MOST_DETAILS).find((each) => isRecord(each) && each.error != null)
    return errorFieldsOf(failed, 1)
  }
  if (!isRecord(value)) return undefined
  const response = isRecord(value.response) ? value.response : undefined
  const [first] = Array.isArray(value.errors) ? value.errors : []
  for (const candidate of [response?.error, value.error, value.detail, value.fault, first, value]) {
    if (typeof candidate === 'string' && candidate !== '' && candidate !== value.detail) {
      // The neighbours of an error text count only at the top level, not inside `response`.
      return candidate === value.error ? fromText(candidate, value) : named(candidate)
    }
    if (!isRecord(candidate)) continue
    const wrapped = candidate !== value && candidate.error != null && depth < DEEPEST
    const fields =
      (wrapped ? errorFieldsOf(candidate, depth + 1) : undefined) ?? fieldsOf(candidate, candidate === value)
    if (Object.values(fields).every((field) => field === undefined)) continue
    const status = fields.status ?? statusOf(value)
    return status === undefined ? fields : { ...fields, status }
  }
  return undefined
}

/** How often an error is wrapped in `error` or `detail`, at most. */
const DEEPEST = 3

function fieldsOf(candidate: Record<string, unknown>, isTop: boolean): UpstreamErrorFields {
  return {
    code: codeOf(candidate),
    // At the top level `type` may be the type of the event instead.
    type: (isTop ? errorType(candidate.type) : text(candidate.type)) ?? text(candidate.errorType),
    param: text(candidate.param),
    message: messageOf(candidate),
    status: statusOf(candidate),
    resetsInSeconds: amount(candidate.resets_in_seconds),
    resetsAt: amount(candidate.resets_at),
  }
}

function codeOf(candidate: Record<string, unknown>): string | undefined {
  const { code, __type, error_code: snake, statusCode, detail } = candidate
  const named = text(code) ?? awsName(__type) ?? text(snake) ?? (isRecord(detail) ? text(detail.errorcode) : undefined)
  return named ?? numeral(code) ?? numeral(snake) ?? numeral(statusCode)
}

/** The message, from the fields that most gateways use, and then those of NestJS, Lambda, Apigee and others. */
function messageOf(candidate: Record<string, unknown>): string | undefined {
  const { message, detail, error_description: described, errorMessage, faultstring, msg, error_msg: snake } = candidate
  const words = [message, detail, described, errorMessage, faultstring, msg, snake].find((each) => text(each))
  return text(words) ?? list(message) ?? list(detail)
}

/**
 * `{ "error": "Too Many Requests", "message": "…", "statusCode": 429 }`: an error text with further fields beside it.
 */
function fromText(error: string, value: Record<string, unknown>): UpstreamErrorFields {
  const beside = fieldsOf(value, true)
  const words = named(error)
  return { ...beside, code: words.code ?? beside.code, message: beside.message ?? words.message }
}

/** An error text that is a name, such as `insufficient_quota`, is both code and message. */
function named(words: string): UpstreamErrorFields {
  return { ...(/^[a-z][a-z\d]*(?:_[a-z\d]+)+$/.test(words) && { code: words }), message: words }
}

/** The status that a failure inside a stream names: by its code, else by its own field. */
export function statusSaidBy(error: UpstreamErrorFields | undefined): number | undefined {
  return statusNamedBy(error?.code) ?? error?.status
}

/** Numbers only: the `status` of a response is a word. */
function statusOf({ status, status_code: code }: Record<string, unknown>): number | undefined {
  return [status, code].map((each) => statusNamedBy(text(each) ?? numeral(each))).find((each) => each !== undefined)
}

/** `__type` of an AWS service: `com.amazon.coral.service#ThrottlingException`, with or without the namespace. */
function awsName(type: unknown): string | undefined {
  return text(text(type)?.split('#').at(-1))
}

/** The status that a code names: some gateways write `400` or `"400"` in place of a word. */
export function statusNamedBy(code: string | undefined): number | undefined {
  return code !== undefined && /^[4-9]\d\d$/.test(code) ? Number(code) : undefined
}

function errorType(type: unknown): string | undefined {
  const name = text(type)
  return name === 'error' || name?.includes('.') ? undefined : name
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

function numeral(value: unknown): string | undefined {
  return Number.isSafeInteger(value) ? String(value) : undefined
}

/** Not negative and not infinite: JSON can hold `1e999`. */
function amount(value: unknown): number | undefined {
  return typeof value === 'number' && !Number.isNaN(value) ? value : undefined
}

const MOST_DETAILS = 10

/** Python validators answer `{ "detail": [{ "loc": ["body", "model"], "msg": "Field required" }] }`. */
function list(detail: unknown): string | undefined {
  if (!Array.isArray(detail)) return undefined
  const words = detail.slice(0, MOST_DETAILS).flatMap((each: unknown) => {
    if (!isRecord(each)) return text(each) ?? []
    const message = text(each.msg) ?? text(each.message)
    const where = Array.isArray(each.loc) ? each.loc.filter((part) => typeof part !== 'object').join('.') : ''
    return message === undefined ? [] : where === '' ? message : `${where}: ${message}`
  })
  return words.length === 0 ? undefined : words.join('; ')
}
