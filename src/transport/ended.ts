/** The error of an exchange when its transport ends. */
export function transportEnded(code: 'UND_ERR_CLOSED' | 'UND_ERR_DESTROYED'): Error {
  const how = code === 'UND_ERR_CLOSED' ? 'closed' : 'destroyed'
  return Object.assign(new Error(`the transport was ${how}`), { code })
}
