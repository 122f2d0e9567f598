import type { SecureVersion } from 'node:tls'
import { flag, oneOf, text } from '../../core/rule-kinds.ts'
import type { Rule, Rules } from '../../core/rules.ts'

/** TLS settings, as for `tls.connect`. */
export interface TlsOptions {
  /**
   * Certificate authorities to trust instead of those of Node. PEM. Default: those of Node, which are its own list,
   * `NODE_EXTRA_CA_CERTS`, and with `--use-system-ca` those of the system.
   */
  readonly ca?: string | Buffer | ReadonlyArray<string | Buffer>
  /** A client certificate, with its chain if there is one. PEM. Needs `key`. Default: none. */
  readonly cert?: string | Buffer
  /** The private key of `cert`. PEM. Default: none. */
  readonly key?: string | Buffer
  /** The passphrase of `key`. Refused without `key`. Default: none. */
  readonly passphrase?: string
  /** The name to send and to verify, if it differs from the host. Default: the host of the address. */
  readonly servername?: string
  /** Default `true`. `false` accepts any certificate. Only for your own test server. */
  readonly rejectUnauthorized?: boolean
  /** The oldest version of TLS. Default: that of Node, `'TLSv1.2'`. */
  readonly minVersion?: SecureVersion
  /** The newest version of TLS. Default: that of Node, `'TLSv1.3'`. */
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
