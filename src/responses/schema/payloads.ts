import * as z from 'zod/mini'

/**
 * What is checked of the payloads of events: only what code relies on. Fields that gateways omit or set to `null` may
 * be missing. Unknown fields, items and parts pass.
 */

export const text = z.string()
export const maybeText = z.nullish(text)
export const maybeNumber = z.nullish(z.number())
export const listOf = <Each extends z.ZodMiniType>(each: Each) => z.nullish(z.array(each))

/** The fields to check of one kind of object. */
export type Shape = Readonly<Record<string, z.ZodMiniType>>

/** Any object with a `type`. If there is a row for that type, the fields of the row are checked, too. */
function typed(rows: Readonly<Record<string, Shape>> = {}) {
  let schemas: ReadonlyMap<string, z.ZodMiniType> | undefined
  return z.looseObject({ type: text }).check(({ value, issues }) => {
    schemas ??= new Map(Object.entries(rows).map(([type, shape]) => [type, z.looseObject(shape)]))
    const result = schemas.get(value.type)?.safeParse(value)
    if (result?.error !== undefined) issues.push(...(result.error.issues as z.core.$ZodRawIssue[]))
  })
}

export const annotation = typed()

const prose = { text: maybeText }
export const partRows = {
  output_text: { ...prose, annotations: listOf(annotation) },
  refusal: { refusal: maybeText },
  reasoning_text: prose,
  summary_text: prose,
}
export const part = typed(partRows)

const call = { call_id: text, name: text, status: maybeText }
/** A call without name or `call_id` cannot be run, and its result cannot be sent back. */
export const itemRows = {
  message: { role: maybeText, status: maybeText, content: listOf(part) },
  reasoning: { summary: listOf(part), content: listOf(part), encrypted_content: maybeText },
  function_call: { ...call, arguments: maybeText },
  custom_tool_call: { ...call, input: maybeText },
}
export const item = typed(itemRows)

/** `code` is text in the documentation, and a number at some gateways. */
export const errorFields = { code: z.optional(z.unknown()), message: maybeText, param: maybeText }

const usage = z.looseObject({
  input_tokens: maybeNumber,
  output_tokens: maybeNumber,
  total_tokens: maybeNumber,
})

export const response = z.looseObject({
  id: text,
  status: maybeText,
  model: maybeText,
  output: listOf(item),
  usage: z.nullish(usage),
  error: z.nullish(z.looseObject(errorFields)),
  incomplete_details: z.nullish(z.looseObject({ reason: maybeText })),
  previous_response_id: maybeText,
})
