import { shown, shownKind, shownWord } from './shown.ts'

/**
 * What is known about one option: one row beside its type and docstring. All options of all mechanisms are checked by
 * such rows. They are plain data, so they take no time at import.
 */
export interface Rule<Value = unknown> {
  /** What is accepted, as the error says it. */
  readonly accepts: string
  readonly test: (value: unknown) => boolean
  readonly default?: Value
  /** Whether the option must be given. */
  readonly required?: true
  /** Whether the value must never appear in a message. */
  readonly secret?: true
  /** The option takes numbers or words of a fixed vocabulary. A refused word or number is then shown in the message. */
  readonly vocabulary?: true
  /** The earlier name of the option. It is refused with a message that gives the new name. */
  readonly formerly?: string
  /** Nested options, where the value is an object. */
  readonly fields?: AnyRules
  /** Options of each entry, where the value is a list of objects. */
  readonly each?: AnyRules
  /** Finds the wrong entry, where the value is an object whose keys the caller chooses. */
  readonly entryAtFault?: (value: unknown, path: string) => Pick<NotAccepted, 'path' | 'got' | 'accepts'> | undefined
}

export type AnyRules = Readonly<Record<string, Rule>>

/** One row for each option, with the option's type. */
export type Rules<Options> = { readonly [Name in keyof Options]-?: Rule<Exclude<Options[Name], undefined>> }

export interface NotAccepted {
  readonly kind: 'not_accepted'
  readonly path: string
  /** Safe to show. */
  readonly got: string
  readonly accepts: string
}

export type OptionFault =
  | NotAccepted
  | { readonly kind: 'no_object'; readonly path: string; readonly got: string }
  | {
      readonly kind: 'unknown'
      readonly path: string
      readonly name: string
      readonly value: unknown
      readonly known: readonly string[]
      /** The path of the nested option that has this name, or had it: `hedge.maxConcurrent`. */
      readonly nested?: string | undefined
    }
  | { readonly kind: 'renamed'; readonly path: string; readonly name: string; readonly newName: string }

/**
 * Finds the first fault: old names first, then values in the order of the rows, then unknown names.
 *
 * @param path of the object that holds the options. Empty at the top.
 */
export function faultIn(options: unknown, rules: AnyRules, path = '', secret = false): OptionFault | undefined {
  if (!isObject(options)) return { kind: 'no_object', path, got: path === '' ? shown(options) : shownKind(options) }
  for (const [newName, { formerly }] of Object.entries(rules))
    if (formerly !== undefined && Object.hasOwn(options, formerly))
      return { kind: 'renamed', path, name: formerly, newName }
  for (const name of Object.keys(rules)) {
    const fault = faultOf(options[name], rules[name] as Rule, path === '' ? name : `${path}.${name}`, secret)
    if (fault !== undefined) return fault
  }
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(rules, name))
  if (unknown === undefined) return undefined
  const nested = nestedName(unknown, rules)
  return { kind: 'unknown', path, name: unknown, value: options[unknown], known: Object.keys(rules), nested }
}

function nestedName(name: string, rules: AnyRules): string | undefined {
  for (const [section, { fields = {} }] of Object.entries(rules))
    for (const [option, { formerly }] of Object.entries(fields))
      if (option === name || formerly === name) return `${section}.${option}`
  return undefined
}

function faultOf(value: unknown, rule: Rule, path: string, secretAround: boolean): OptionFault | undefined {
  if (value === undefined && rule.required === undefined) return undefined
  const secret = secretAround || rule.secret === true
  if (!rule.test(value)) {
    const entry = rule.entryAtFault?.(value, path)
    const { accepts } = rule
    return { kind: 'not_accepted', path, got: gotOf(value, rule, secret), accepts, ...entry }
  }
  if (rule.fields !== undefined && isObject(value)) return faultIn(value, rule.fields, path, secret)
  if (rule.each === undefined) return undefined
  for (const [index, each] of (value as readonly unknown[]).entries()) {
    const fault = faultIn(each, rule.each, `${path}.${index}`, secret)
    if (fault !== undefined) return fault
  }
  return undefined
}

function gotOf(value: unknown, { vocabulary }: Rule, secret: boolean): string {
  if (secret) return shownKind(value)
  return vocabulary ? shownWord(value) : shown(value)
}

/** Copies objects that have rows, without `undefined` values. All other values stay the same object. */
export function copyByRules<Options extends object>(options: Options, rules: AnyRules): Options {
  const copy: Record<string, unknown> = {}
  for (const name of Object.keys(rules)) {
    const { fields, each } = rules[name] as Rule
    const value = (options as Readonly<Record<string, unknown>>)[name]
    if (value === undefined) continue
    if (fields !== undefined && isObject(value)) copy[name] = copyByRules(value, fields)
    else if (each !== undefined) copy[name] = (value as readonly object[]).map((one) => copyByRules(one, each))
    else copy[name] = Array.isArray(value) ? [...value] : value
  }
  return copy as Options
}

/** The defaults of all rows that have one. */
export function defaultsOf<R extends AnyRules>(rules: R): { readonly [Name in keyof R]: R[Name]['default'] } {
  return Object.fromEntries(Object.entries(rules).map(([name, rule]) => [name, rule.default])) as never
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
