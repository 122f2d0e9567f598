import dns from 'node:dns'
import { vi } from 'vitest'
import type { ConnectFailure } from './acts.ts'

/** The name that the resolver of a test knows. */
export const NAME = 'endpoint.test'
/** An address of this machine that nothing listens on. */
const DESERTED = '127.0.0.9'

type Lookup = (
  host: string,
  options: { readonly all?: boolean },
  callback: (error: Error | null, address?: unknown, family?: number) => void,
) => void

/** Replaces the resolver of this machine: what it says, one after the other; afterwards the address of the endpoint. */
export function resolving(...says: ReadonlyArray<Exclude<ConnectFailure, 'never'>>): void {
  let asked = 0
  const lookup: Lookup = (host, options, callback) => {
    const code = says[asked++]
    const address = code === 'ECONNREFUSED' ? DESERTED : '127.0.0.1'
    process.nextTick(() => {
      if (code !== undefined && code !== 'ECONNREFUSED') callback(failure(code, host))
      else if (options.all) callback(null, [{ address, family: 4 }])
      else callback(null, address, 4)
    })
  }
  vi.spyOn<{ lookup: Lookup }, 'lookup'>(dns, 'lookup').mockImplementation(lookup)
}

function failure(code: string, host: string): Error {
  return Object.assign(new Error(`getaddrinfo ${code} ${host}`), { code, syscall: 'getaddrinfo', hostname: host })
}
