/** The status of an item. `incomplete`: the response ended before the item did. */
export type ItemStatus = 'in_progress' | 'completed' | 'incomplete'

/** Who made a tool call: the model, or a program of the model. */
export type ToolCaller = { type: 'direct' } | { type: 'program'; caller_id: string }
