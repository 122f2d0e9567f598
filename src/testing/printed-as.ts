/** The method that `util.inspect` and `console.log` call to print an object. */
const INSPECT = Symbol.for('nodejs.util.inspect.custom')

/**
 * Defines how a recorded request is printed and converted to JSON: enough to identify it. Headers, body and query hold
 * keys and prompts, and print-outs end up in logs, so they are only readable as properties.
 */
export function printedAs<T extends object>(target: T, view: (this: T) => object): T {
  for (const name of [INSPECT, 'toJSON']) {
    Object.defineProperty(target, name, {
      value(this: T) {
        return view.call(this)
      },
      enumerable: false,
      configurable: true,
    })
  }
  return target
}
