import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import net from 'node:net'
import { bits, boolean, explicit, implicit, integer, objectId, octets, sequence, set, utcTime, utf8 } from './der.ts'

export interface TestCertificate {
  /** PEM. */
  readonly key: string
  /** PEM. */
  readonly cert: string
  readonly name: string
  readonly privateKey: KeyObject
}

export interface TestCertificateOptions {
  /** Names and addresses it is for. */
  readonly hosts?: readonly string[]
  readonly name?: string
  /** Who signs it. Default: itself. */
  readonly issuer?: TestCertificate
  /** May sign others. */
  readonly isAuthority?: boolean
  /** Its time is over. */
  readonly expired?: boolean
}

const OID = {
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  commonName: '2.5.4.3',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
} as const

/** A certificate for tests, made on the spot: no file, no other program, and nothing that anybody else would trust. */
export function testCertificate(options: TestCertificateOptions = {}): TestCertificate {
  const { hosts = [], name = hosts[0] ?? 'test', issuer, isAuthority = issuer === undefined, expired = false } = options
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const algorithm = sequence(objectId(OID.ecdsaWithSha256))
  const serial = randomBytes(8)
  const body = sequence(
    explicit(0, integer(2)),
    integer(Buffer.concat([Buffer.from([1]), serial])),
    algorithm,
    distinguished(issuer?.name ?? name),
    sequence(utcTime('200101000000Z'), utcTime(expired ? '210101000000Z' : '491231235959Z')),
    distinguished(name),
    publicKey.export({ type: 'spki', format: 'der' }),
    explicit(3, sequence(...extensions(hosts, isAuthority))),
  )
  const signature = sign('sha256', body, issuer?.privateKey ?? privateKey)
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: pem(sequence(body, algorithm, bits(signature))),
    name,
    privateKey,
  }
}

function distinguished(name: string): Buffer {
  return sequence(set(sequence(objectId(OID.commonName), utf8(name))))
}

function extensions(hosts: readonly string[], isAuthority: boolean): Buffer[] {
  const constraints = sequence(...(isAuthority ? [boolean(true)] : []))
  const found = [sequence(objectId(OID.basicConstraints), boolean(true), octets(constraints))]
  if (hosts.length > 0) {
    const names = hosts.map((host) => (net.isIPv4(host) ? implicit(7, address(host)) : implicit(2, Buffer.from(host))))
    found.push(sequence(objectId(OID.subjectAltName), octets(sequence(...names))))
  }
  return found
}

function address(host: string): Buffer {
  return Buffer.from(host.split('.').map(Number))
}

function pem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n')
}
