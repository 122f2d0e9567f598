import { describe, expect, it } from 'vitest'
import { ResponseAccumulator } from '../../src/responses/accumulator.ts'
import { sentJson } from '../support/typed.ts'

type Fields = Record<string, unknown>

const created = { type: 'response.created', response: { id: 'resp_1', status: 'in_progress', output: [], usage: null } }
const at0 = { output_index: 0, item_id: 'item_0' }

/** Every event is emptied once it was taken: nothing may be kept of it. */
function seenOf(...events: Fields[]): ResponseAccumulator {
  const seen = new ResponseAccumulator()
  for (const event of events.map((each) => structuredClone(each))) {
    seen.add(sentJson(event))
    empty(event)
  }
  return seen
}

function empty(value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  for (const [key, each] of Object.entries(value)) {
    empty(each)
    delete (value as Fields)[key]
  }
}

function announced(item: Fields): Fields {
  return { type: 'response.output_item.added', output_index: 0, item: { id: 'item_0', ...item } }
}

function done(item: Fields): Fields {
  return { type: 'response.output_item.done', output_index: 0, item: { id: 'item_0', ...item } }
}

describe('an item is built', () => {
  const part = { ...at0, content_index: 0 }
  const summary = { ...at0, summary_index: 0 }
  const exit = { type: 'exit', exit_code: 0 }
  const rows: [string, Fields, Fields[], Fields][] = [
    [
      'of text with its annotations and logprobs',
      { type: 'message', content: [] },
      [
        { type: 'response.content_part.added', ...part, part: { type: 'output_text', text: '', annotations: [] } },
        { type: 'response.output_text.delta', ...part, delta: 'Hel', logprobs: [{ token: 'Hel', logprob: -1 }] },
        { type: 'response.output_text.delta', ...part, delta: 'lo', logprobs: [{ token: 'lo', logprob: -2 }] },
        {
          type: 'response.output_text.annotation.added',
          ...part,
          annotation_index: 0,
          annotation: { type: 'file_path' },
        },
      ],
      {
        content: [
          {
            type: 'output_text',
            text: 'Hello',
            annotations: [{ type: 'file_path' }],
            logprobs: [
              { token: 'Hel', logprob: -1 },
              { token: 'lo', logprob: -2 },
            ],
          },
        ],
      },
    ],
    [
      'of text whose end corrects it',
      { type: 'message', content: [] },
      [
        { type: 'response.output_text.delta', ...part, delta: 'Hel', logprobs: [] },
        { type: 'response.output_text.done', ...part, text: 'Hello', logprobs: [{ token: 'Hello' }] },
      ],
      { content: [{ type: 'output_text', text: 'Hello', annotations: [], logprobs: [{ token: 'Hello' }] }] },
    ],
    [
      'of several parts, a refusal among them',
      { type: 'message', content: [] },
      [
        { type: 'response.output_text.delta', ...part, delta: 'So' },
        { type: 'response.refusal.delta', ...part, content_index: 1, delta: 'I ca' },
        { type: 'response.refusal.delta', ...part, content_index: 1, delta: "n't" },
        { type: 'response.output_text.delta', ...part, delta: '.' },
      ],
      {
        content: [
          { type: 'output_text', text: 'So.', annotations: [] },
          { type: 'refusal', refusal: "I can't" },
        ],
      },
    ],
    [
      'of parts without an index',
      { type: 'message', content: [] },
      [
        { type: 'response.content_part.added', part: { type: 'output_text', text: '' } },
        { type: 'response.output_text.delta', delta: 'one' },
        { type: 'response.content_part.added', part: { type: 'output_text', text: '' } },
        { type: 'response.output_text.delta', delta: 'two' },
      ],
      {
        content: [
          { type: 'output_text', text: 'one' },
          { type: 'output_text', text: 'two' },
        ],
      },
    ],
    [
      'of reasoning and its summaries',
      { type: 'reasoning', summary: [] },
      [
        { type: 'response.reasoning_summary_part.added', ...summary, part: { type: 'summary_text', text: '' } },
        { type: 'response.reasoning_summary_text.delta', ...summary, delta: 'Thin' },
        { type: 'response.reasoning_summary_text.done', ...summary, text: 'Thinking' },
        { type: 'response.reasoning_summary_text.delta', ...summary, summary_index: 1, delta: 'more' },
        { type: 'response.reasoning_text.delta', ...part, delta: 'all of ' },
        { type: 'response.reasoning_text.delta', ...part, delta: 'it' },
      ],
      {
        summary: [
          { type: 'summary_text', text: 'Thinking' },
          { type: 'summary_text', text: 'more' },
        ],
        content: [{ type: 'reasoning_text', text: 'all of it' }],
      },
    ],
    ...(
      [
        ['function_call', 'response.function_call_arguments', 'arguments'],
        ['mcp_call', 'response.mcp_call_arguments', 'arguments'],
        ['custom_tool_call', 'response.custom_tool_call_input', 'input'],
        ['code_interpreter_call', 'response.code_interpreter_call_code', 'code'],
      ] as const
    ).flatMap(([type, family, key]): [string, Fields, Fields[], Fields][] => {
      const deltas = ['{"a"', ':1}'].map((delta) => ({ type: `${family}.delta`, ...at0, delta }))
      return [
        [`of the deltas of ${family}`, { type, [key]: '' }, deltas, { [key]: '{"a":1}' }],
        [
          `of ${family}.done`,
          { type, [key]: null },
          [{ type: `${family}.done`, ...at0, [key]: '{}' }],
          { [key]: '{}' },
        ],
      ]
    }),
    ...[
      'mcp_call.failed',
      'web_search_call.searching',
      'file_search_call.searching',
      'image_generation_call.generating',
    ]
      .map((name) => name.split('.') as [string, string])
      .map(([type, status]): [string, Fields, Fields[], Fields] => [
        `with the status of response.${type}.${status}`,
        { type, status: 'in_progress' },
        [{ type: `response.${type}.${status}`, ...at0 }],
        { status },
      ]),
    [
      'of shell commands',
      { type: 'shell_call', action: { commands: [], timeout_ms: 5 } },
      [
        { type: 'response.shell_call_command.added', output_index: 0, command_index: 0, command: '' },
        { type: 'response.shell_call_command.delta', output_index: 0, command_index: 0, delta: 'ls' },
        { type: 'response.shell_call_command.delta', output_index: 0, command_index: 0, delta: ' -a' },
        { type: 'response.shell_call_command.added', output_index: 0, command_index: 1, command: '' },
        { type: 'response.shell_call_command.done', output_index: 0, command_index: 1, command: 'pwd' },
      ],
      { action: { commands: ['ls -a', 'pwd'], timeout_ms: 5 } },
    ],
    [
      'of what shell commands print',
      { type: 'shell_call_output', output: [] },
      [
        { type: 'response.shell_call_output_content.delta', ...at0, command_index: 0, delta: { stdout: 'a' } },
        {
          type: 'response.shell_call_output_content.delta',
          ...at0,
          command_index: 0,
          delta: { stdout: 'b', stderr: '!' },
        },
        {
          type: 'response.shell_call_output_content.done',
          ...at0,
          command_index: 1,
          output: [{ stdout: 'c', stderr: '', outcome: exit }],
        },
      ],
      {
        output: [
          { stdout: 'ab', stderr: '!' },
          { stdout: 'c', stderr: '', outcome: exit },
        ],
      },
    ],
    [
      'of a patch',
      { type: 'apply_patch_call', operation: { type: 'create_file', path: 'a', diff: '' } },
      ['+one', '\n+two'].map((delta) => ({ type: 'response.apply_patch_call_operation_diff.delta', ...at0, delta })),
      { operation: { type: 'create_file', path: 'a', diff: '+one\n+two' } },
    ],
    [
      'of audio and its transcript',
      { type: 'message', content: [] },
      [
        { type: 'response.audio.delta', delta: 'AAAA' },
        { type: 'response.audio.transcript.delta', delta: 'Hel' },
        { type: 'response.audio.transcript.delta', delta: 'lo' },
        { type: 'response.audio.delta', delta: 'BBBB' },
        { type: 'response.audio.done' },
        { type: 'response.audio.transcript.done' },
      ],
      { content: [{ type: 'output_audio', data: 'AAAABBBB', transcript: 'Hello' }] },
    ],
    [
      'of nothing but an announcement',
      { type: 'compaction' },
      [{ type: 'response.compaction.compacting', ...at0 }],
      {},
    ],
    ['of a list of tools', { type: 'mcp_list_tools' }, [{ type: 'response.mcp_list_tools.completed', ...at0 }], {}],
  ]

  it.each(rows)('%s', (_, item, events, expected) => {
    const seen = seenOf(created, announced(item), ...events)
    const built = { id: 'item_0', ...item, ...expected }
    expect(seen.partial()).toMatchObject({ finishedItems: [], unfinishedItems: [built] })
    expect(seen.response?.output).toEqual([built])
  })

  it.each(rows)('%s, even if its announcement is late', (_, item, events, expected) => {
    const { status, ...told } = expected
    const { unfinishedItems } = seenOf(created, ...events, announced({ ...item, name: 'late' })).partial()
    expect(unfinishedItems).toMatchObject([{ type: item.type, name: 'late', ...told }])
    expect(unfinishedItems).toHaveLength(1)
  })

  // An event that names no item belongs to the one under way, and after the end of an item that is another.
  const named = rows.filter(([, , events]) => events.every((event) => 'output_index' in event))

  it.each(named)('%s, and cannot change once it is done', (_, item, events) => {
    const seen = seenOf(created, announced(item), done({ ...item, final: true }), ...events, announced(item))
    expect(seen.partial().finishedItems).toEqual([{ id: 'item_0', ...item, final: true }])
    expect(seen.partial().unfinishedItems).toEqual([])
  })
})
