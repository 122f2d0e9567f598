import { type AnyRules, faultIn, type OptionFault } from '../core/rules.ts'
import { optionPath, shownName } from '../core/shown.ts'
import { ConfigurationError } from './errors.ts'

/** The owner of the options, for the message. */
export interface OptionOwner {
  /** Path of the object that holds the options. Default: empty, the top. */
  readonly path?: string
  /** As in "Unknown option 'x' of a ClientCache". */
  readonly of?: string
  /** The value may be an instance of a caller's class, which may have other properties. */
  readonly mayBeInstance?: true
  /** Makes another message for an unknown name. */
  readonly unknown?: (name: string, fault: Extract<OptionFault, { kind: 'unknown' }>) => string
}

/**
 * @throws ConfigurationError for the first value that is not accepted. Names the path, the value and what is accepted.
 */
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
  const { path, name, known, nested } = fault
  const [option, within] = path === '' ? [shownName(name), 'are'] : [`'${optionPath(path, name)}'`, `in '${path}' are`]
  const place = path === '' ? nested : `${path}.${nested}`
  if (nested !== undefined) return `Unknown option ${option}${whose}; write '${place}' instead.`
  if (path === top && unknown !== undefined) return unknown(shownName(name), fault)
  return `Unknown option ${option}${whose}; accepted ${within} ${known.join(', ')}.`
}
