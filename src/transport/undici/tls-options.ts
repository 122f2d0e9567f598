import type { SecureVersion } from 'node:tls'
import { flag, oneOf, text } from '../../core/rule-kinds.ts'
import type { Rule, Rules } from '../../core/rules.ts'

/** TLS settings, as for `tls.connect`. */
export interface TlsOptions {
  /** Certificate authorities to trust instead of those of the system. PEM. */
  readonly ca?: string | Buffer | ReadonlyArray<string | Buffer>
  /** A client certificate and its key. PEM. */
  readonly cert?: string | Buffer
  readonly key?: string | Buffer
  /** Decrypts `key`. Refused without it. */
  readonly passphrase?: string
  /** The name to send and to verify, if it differs from the host. */
  readonly servername?: string
  /** Default `true`. `false` accepts any certificate. Only for your own test server. */
  readonly rejectUnauthorized?: boolean
  readonly minVersion?: SecureVersion
  readonly maxVersion?: SecureVersion
}

const isPem = (value: unknown): boolean => typeof value === 'string' || Buffer.isBuffer(value)
const pem: Rule<never> = { accepts: 'PEM, as a string or a Buffer', test: isPem }
const version = oneOf('TLSv1.2', 'TLSv1.3')

export const tlsRules = {
  ca: {
    accepts: 'PEM, as a string or a Buffer, or an array of them',
    test: (value) => (Array.isArray(value) ? value.every(isPem) : isPem(value)),
  },
  cert: pem,
  key: pem,
  passphrase: text('a string'),
  servername: text('a string'),
  rejectUnauthorized: { ...flag, default: true },
  minVersion: version,
  maxVersion: version,
} as const satisfies Rules<TlsOptions>
