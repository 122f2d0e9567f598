import { type AnyRules, faultIn, type OptionFault } from '../core/rules.ts'
import { optionPath, shownName } from '../core/shown.ts'
import { ConfigurationError } from './errors.ts'

/** Whose options they are, for the message. */
export interface OptionOwner {
  /** Of the object that holds them; default: empty, the top. */
  readonly path?: string
  /** As in "Unknown option 'x' of a ClientCache". */
  readonly of?: string
  /** An object of a class of the caller's own may hold whatever else it needs. */
  readonly mayBeInstance?: true
  /** What is said of a name that is not known, where it is something else. */
  readonly unknown?: (name: string, fault: Extract<OptionFault, { kind: 'unknown' }>) => string
}

/** @throws ConfigurationError for the first thing that is not accepted: its path, its value, and what is accepted. */
export function checkOptions(options: unknown, rules: AnyRules, owner: OptionOwner = {}): void {
  const fault = faultIn(options, rules, owner.path)
  if (fault === undefined) return
  if (fault.kind === 'unknown' && owner.mayBeInstance && Object.getPrototypeOf(options) !== Object.prototype) return
  throw optionError(fault, owner)
}

export function optionError(fault: OptionFault, { path: top = '', of, unknown }: OptionOwner): ConfigurationError {
  const { path } = fault
  const whose = of === undefined ? '' : ` of ${of}`
  switch (fault.kind) {
    case 'not_accepted':
      return new ConfigurationError(`${path}: got ${fault.got}; accepted: ${fault.accepts}.`, path)
    case 'no_object':
      return path === ''
        ? new ConfigurationError(`The options${whose} must be an object; got ${fault.got}.`, '')
        : new ConfigurationError(`${path}: got ${fault.got}; accepted: an object.`, path)
    case 'renamed': {
      const [oldPath, newPath] = [fault.name, fault.newName].map((name) => (path === '' ? name : `${path}.${name}`))
      return new ConfigurationError(`Option '${oldPath}' has a new name: '${newPath}'.`, oldPath as string)
    }
    case 'unknown':
      return new ConfigurationError(unknownMessage(fault, top, whose, unknown), optionPath(path, fault.name))
  }
}

function unknownMessage(
  fault: Extract<OptionFault, { kind: 'unknown' }>,
  top: string,
  whose: string,
  unknown: OptionOwner['unknown'],
): string {
  const { path, name, known } = fault
  if (path === top && unknown !== undefined) return unknown(shownName(name), fault)
  const [option, within] = path === '' ? [shownName(name), 'are'] : [`'${optionPath(path, name)}'`, `in '${path}' are`]
  return `Unknown option ${option}${whose}; accepted ${within} ${known.join(', ')}.`
}
