import { Console } from 'node:console'
import { Writable } from 'node:stream'
import { inspect } from 'node:util'

/** Every way in which a value comes to be read by people, or by what collects logs. */
export function printed(value: unknown): string {
  const lines: string[] = []
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(chunk.toString())
      done()
    },
  })
  const console = new Console({ stdout: stream, stderr: stream, inspectOptions: { depth: null } })
  console.log(value)
  console.error('%o %O %s', value, value, value)
  lines.push(inspect(value, { depth: Infinity, showHidden: true, maxStringLength: null, maxArrayLength: null }))
  lines.push(String(value))
  lines.push(JSON.stringify(value, (_key, inner) => (typeof inner === 'bigint' ? `${inner}` : inner)) ?? '')
  if (value instanceof Error) lines.push(value.message, String(value.stack), JSON.stringify(Object.entries(value)))
  return lines.join('\n')
}
