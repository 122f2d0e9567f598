/** How `util.inspect`, and with it `console.log`, asks an object for what to show of it. */
const INSPECT = Symbol.for('nodejs.util.inspect.custom')

/**
 * What is printed of a recorded request, and what becomes of it in JSON: enough to tell one from another. Its headers, body
 * and query hold keys and prompts, and what is printed ends up in logs; they are there for whoever asks for them.
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
