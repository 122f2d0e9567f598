/** A message of the user. */
export function said(text: string) {
  return { type: 'message' as const, role: 'user' as const, content: [{ type: 'input_text' as const, text }] }
}

/** A message of the model, as an item of an output and of an input. */
export function answered(text: string, id = 'msg_1') {
  return {
    id,
    type: 'message' as const,
    role: 'assistant' as const,
    status: 'completed' as const,
    content: [{ type: 'output_text' as const, text, annotations: [] }],
  }
}

/**
 * The events of one response.
 *
 * @param stated the output that `response.completed` states; default: the items of the events.
 */
export function turn(id: string, items: readonly object[] = [answered('Hi')], stated: readonly object[] = items) {
  const response = { id, object: 'response', status: 'in_progress', output: [] as readonly object[] }
  return [
    { type: 'response.created', response },
    ...items.flatMap((item, i) => [
      { type: 'response.output_item.added', output_index: i, item: { ...item, status: 'in_progress', content: [] } },
      { type: 'response.output_item.done', output_index: i, item },
    ]),
    { type: 'response.completed', response: { ...response, status: 'completed', output: stated } },
  ]
}
