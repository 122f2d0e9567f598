import { responseIdOf } from './event-classes.ts'

/** How much of a JSON answer is looked through for its id, which practically always stands first. Characters. */
export const ID_WITHIN = 65_536

/** The ids that an event makes known: of its response, and of the conversation that this one belongs to. */
export function idsOfEvent(event: unknown): string[] {
  const id = responseIdOf(event)
  return id === undefined ? [] : [id, ...conversationIdOf((event as { readonly response: unknown }).response)]
}

/** The same of a whole response, or of a conversation. */
export function idsOfBody(body: unknown): string[] {
  if (typeof body !== 'object' || body === null) return []
  const { id } = body as { readonly id?: unknown }
  return [...(isId(id) ? [id] : []), ...conversationIdOf(body)]
}

function conversationIdOf(response: unknown): string[] {
  const { conversation } = response as { readonly conversation?: unknown }
  const id =
    typeof conversation === 'object' && conversation !== null
      ? (conversation as { readonly id?: unknown }).id
      : conversation
  return isId(id) ? [id] : []
}

function isId(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\]:,]/gs

/** `id` of the JSON object that begins here, of which the rest may be missing. Linear, and never deeper than one level. */
export function idAtTop(json: string): string | undefined {
  let depth = 0
  let before = ''
  let key: string | undefined
  for (const [token] of json.matchAll(TOKEN)) {
    if (token === '{' || token === '[') depth++
    else if (token === '}' || token === ']') depth--
    else if (token === ':') key = depth === 1 ? before : undefined
    else if (token !== ',' && before === ':' && key === '"id"' && depth === 1) {
      const id = parsed(token)
      return isId(id) ? id : undefined
    }
    before = token
  }
  return undefined
}

function parsed(token: string): unknown {
  try {
    return JSON.parse(token)
  } catch {
    return undefined
  }
}
