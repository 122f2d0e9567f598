import path from 'node:path'
import type OpenAI from 'openai'
import type {
  ResponseCreateParams as OpenAICreateParams,
  ResponseCreateParamsNonStreaming,
  ResponseCreateParamsStreaming,
} from 'openai/resources/responses/responses'
import ts from 'typescript'
import { describe, expect, expectTypeOf, it } from 'vitest'
import type {
  FunctionCall,
  ResponseCreateFields,
  ResponseCreateParams,
  ResponseInputItem,
  ResponseObject,
  Responses,
} from '../../src/index.ts'

/** What a call of the typed API takes. Never run: only its types are looked at. */
declare const responses: Responses
const neverRun = (_: () => unknown): void => {}

type Keys<T> = T extends unknown ? keyof T : never

describe('the type of a request', () => {
  it('has every field of the openai package, and no other', () => {
    expectTypeOf<Exclude<Keys<OpenAICreateParams>, keyof ResponseCreateFields>>().toBeNever()
    expectTypeOf<Exclude<keyof ResponseCreateFields, Keys<OpenAICreateParams>>>().toBeNever()
  })

  it('accepts the params of the openai package', () => {
    expectTypeOf<OpenAICreateParams>().toExtend<ResponseCreateParams>()
    expectTypeOf<ResponseCreateParamsNonStreaming>().toExtend<ResponseCreateParams>()
    expectTypeOf<ResponseCreateParamsStreaming>().toExtend<ResponseCreateParams>()
    expectTypeOf<OpenAI.Responses.ResponseCreateParams>().toExtend<ResponseCreateParams>()
  })

  it('accepts an mcp_call with a text as its error, as the params of openai 6 declare it', () => {
    const call = { type: 'mcp_call', id: 'mcp_1', server_label: 's', name: 'n', arguments: '{}' } as const
    neverRun(() => responses.create({ model: 'm', input: [{ ...call, error: 'failed' }] }))
    neverRun(() => responses.create({ model: 'm', input: [{ ...call, error: null }] }))
  })

  it('accepts fields of gateways, readonly lists, and short function tools', () => {
    neverRun(() => responses.create({ model: 'm', top_k: 5, provider: { order: ['a'] } }))
    const body = { model: 'm', input: 'hi', transforms: ['middle-out'] }
    neverRun(() => responses.stream(body))
    const constant = { model: 'm', input: [{ role: 'user', content: 'hi' }], tools: [{ type: 'web_search' }] } as const
    neverRun(() => responses.stream(constant))
    neverRun(() => responses.create({ tools: [{ type: 'function', name: 'f', parameters: { type: 'object' } }] }))
    neverRun(() => responses.create({ model: undefined, temperature: null }))
  })

  it('accepts a list of input items to which the output of each turn is added', () => {
    const loop = async (): Promise<void> => {
      const input: ResponseInputItem[] = [{ role: 'user', content: 'hi' }]
      const response = await responses.create({ model: 'm', input })
      input.push(...response.output)
      input.push({ type: 'function_call_output', call_id: 'call_1', output: 'ok' })
    }
    neverRun(() => loop)
  })

  it('accepts the items of a response, as in the loop of an agent', () => {
    const turn = async (previous: ResponseObject): Promise<ResponseObject> => {
      const calls = previous.output.filter((item): item is FunctionCall => item.type === 'function_call')
      const results = calls.map(({ call_id }) => ({ type: 'function_call_output' as const, call_id, output: 'ok' }))
      return responses.create({ model: 'm', input: [...previous.output, ...results], tools: previous.tools })
    }
    neverRun(() => turn)
  })

  it('refuses values of the wrong kind', () => {
    // @ts-expect-error a number is no setting of reasoning
    neverRun(() => responses.create({ model: 'm', reasoning: 5 }))
    // @ts-expect-error a string is no flag
    neverRun(() => responses.stream({ model: 'm', stream: 'yes' }))
    // @ts-expect-error an object is no list
    neverRun(() => responses.create({ model: 'm', tools: {} }))
    // @ts-expect-error a number is no input
    neverRun(() => responses.create({ input: 5 }))
    // @ts-expect-error no such effort
    neverRun(() => responses.create({ reasoning: { effort: 'huge' } }))
    // @ts-expect-error an item without its text
    neverRun(() => responses.create({ input: [{ type: 'function_call_output', call_id: 'c' }] }))
    // @ts-expect-error no such tool
    neverRun(() => responses.create({ tools: [{ type: 'no_such_tool' }] }))
    // @ts-expect-error a list is no text
    neverRun(() => responses.create({ metadata: { a: 5 } }))
    // @ts-expect-error beside a field of a gateway, too
    neverRun(() => responses.create({ top_k: 5, max_output_tokens: 'many' }))
    const wrong = { model: 'm', reasoning: 5 }
    // @ts-expect-error and where it is no literal
    neverRun(() => responses.create(wrong))
  })
})

describe('the language service', () => {
  const root = path.resolve(import.meta.dirname, '../..')
  const file = path.join(root, 'test/responses/completed.ts')
  const head = `import { ResilientClient } from '../../src/index.ts'\nconst client = new ResilientClient()\n`

  /** What an editor offers where the text has `|`. */
  function offered(...texts: string[]): Array<Map<string, string>> {
    let text = ''
    let version = 0
    const { config } = ts.readConfigFile(path.join(root, 'tsconfig.json'), ts.sys.readFile)
    const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root)
    const service = ts.createLanguageService({
      ...ts.sys,
      useCaseSensitiveFileNames: () => ts.sys.useCaseSensitiveFileNames,
      getCompilationSettings: () => options,
      getScriptFileNames: () => [file],
      getScriptVersion: (name) => (name === file ? String(version) : '0'),
      getScriptSnapshot: (name) => {
        const content = name === file ? text : ts.sys.readFile(name)
        return content === undefined ? undefined : ts.ScriptSnapshot.fromString(content)
      },
      getCurrentDirectory: () => root,
      getDefaultLibFileName: ts.getDefaultLibFilePath,
      fileExists: (name) => name === file || ts.sys.fileExists(name),
      readFile: (name) => ts.sys.readFile(name),
    })
    const found = texts.map((marked) => {
      const at = head.length + marked.indexOf('|')
      text = head + marked.replace('|', '')
      version++
      const { entries } = service.getCompletionsAtPosition(file, at, {}) ?? { entries: [] }
      const docOf = (name: string): string => {
        const details = service.getCompletionEntryDetails(file, at, name, {}, undefined, undefined, undefined)
        return ts.displayPartsToString(details?.documentation)
      }
      const fields = entries.filter(({ kind }) => kind === ts.ScriptElementKind.memberVariableElement)
      const strings = entries.filter(({ kind }) => kind === ts.ScriptElementKind.string)
      return new Map([
        ...fields.map(({ name }) => [name, docOf(name)] as const),
        ...strings.map(({ name }) => [name, ''] as const),
      ])
    })
    service.dispose()
    return found
  }

  it('completes the fields of a request, each with its docstring, and the values of a field', () => {
    const [inCreate, inStream, efforts] = offered(
      'client.responses.create({ | })',
      'client.responses.stream({ model: "m", | })',
      'client.responses.create({ reasoning: { effort: "|" } })',
    )
    const names = ['input', 'instructions', 'reasoning', 'tools', 'previous_response_id', 'max_output_tokens', 'store']
    expect([...(inCreate?.keys() ?? [])]).toEqual(expect.arrayContaining([...names, 'model']))
    expect([...(inStream?.keys() ?? [])]).toEqual(expect.arrayContaining(names))
    expect(inCreate?.size).toBeGreaterThanOrEqual(33)
    for (const [name, doc] of inCreate ?? []) expect(doc, name).not.toBe('')
    expect([...(efforts?.keys() ?? [])].join()).toMatch(/high/)
  })
})
