import { responseIdOf } from './event-classes.ts'

/** How far a JSON answer is searched for its id, which nearly always comes first. Characters. */
export const ID_WITHIN = 65_536

/** The ids in an event: of its response, and of the conversation of that response. */
export function idsOfEvent(event: unknown): string[] {
  const id = responseIdOf(event)
  return id === undefined ? [] : [id, ...conversationIdOf((event as { readonly response: unknown }).response)]
}

/** Like `idsOfEvent`, for a whole response or a conversation. */
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

/** The top-level `id` of a JSON object that may be incomplete. Linear time, no recursion. */
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
