import path from 'node:path'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { ENTRIES } from '../../scripts/api-listing.ts'

const root = path.resolve(import.meta.dirname, '../..')
const { config } = ts.readConfigFile(path.join(root, 'tsconfig.json'), ts.sys.readFile)
const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root)

interface Named {
  readonly name: string
  readonly symbol: ts.Symbol
}

/** Types of the API: what their fields mean is in its own reference. */
const IS_SCHEMA = /[/]src[/]responses[/]schema[/]/
/** Words of these ends hold options, whose fields a user writes. */
const HOLDS_OPTIONS = /Options$/

describe('every public name', { timeout: 120_000 }, () => {
  const files = Object.values(ENTRIES).map(({ code }) =>
    path.join(root, code.replace('dist/', 'src/').replace(/\.js$/, '.ts')),
  )
  const program = ts.createProgram(files, { ...options, noEmit: true })
  const checker = program.getTypeChecker()
  const isDescribed = (symbol: ts.Symbol): boolean => symbol.getDocumentationComment(checker).length > 0
  const isOfSchema = (symbol: ts.Symbol): boolean =>
    symbol.declarations?.some((each) => IS_SCHEMA.test(each.getSourceFile().fileName)) === true
  const isInherited = (symbol: ts.Symbol): boolean =>
    symbol.declarations?.every((each) => each.getSourceFile().fileName.includes('node_modules')) !== false

  const exported: Named[] = files.flatMap((file) => {
    const module = checker.getSymbolAtLocation(program.getSourceFile(file) as ts.SourceFile)
    const symbols = module === undefined ? [] : checker.getExportsOfModule(module)
    return symbols.map((symbol) => {
      const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
      return { name: symbol.name, symbol: target }
    })
  })

  it('has a docstring', () => {
    expect(exported.length).toBeGreaterThan(100)
    const silent = exported.filter(({ symbol }) => !isDescribed(symbol) && !isOfSchema(symbol))
    expect(silent.map(({ name }) => name)).toEqual([])
  })

  it('has a docstring for each method of a class and for each option', () => {
    const silent = exported
      .filter(({ symbol }) => !isOfSchema(symbol))
      .flatMap(({ name, symbol }) => {
        const isClass = (symbol.flags & ts.SymbolFlags.Class) !== 0
        if (!isClass && !HOLDS_OPTIONS.test(name)) return []
        return checker
          .getDeclaredTypeOfSymbol(symbol)
          .getProperties()
          .filter((member) => (isClass ? (member.flags & ts.SymbolFlags.Method) !== 0 : true))
          .filter((member) => !/^(?:__|#)/.test(member.name) && !isInherited(member) && !isDescribed(member))
          .map((member) => `${name}.${member.name}`)
      })
    expect(silent).toEqual([])
  })
})
