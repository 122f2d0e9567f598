import { net } from '../core/builtins.ts'

/** Names that resolve only in a private network: RFC 6762 with its appendix G, RFC 8375, and `internal`, reserved in 2024. */
const PRIVATE_SUFFIX = /\.(?:local|internal|localhost|intranet|private|corp|home|lan|home\.arpa)$/

/**
 * Whether an origin is on the public Internet: not loopback, private, link-local or unspecified, and not a name that
 * only a private network resolves. A model server in a private network has no spare capacity for a second request, and
 * may be loading the model. Pure: names are not resolved.
 *
 * @param hostname as a `URL` has it: lower case, IPv4 in its usual form, IPv6 in brackets.
 */
export function isPublicHost(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')
  switch (net.isIP(host)) {
    case 4:
      return !privateAddresses().check(host, 'ipv4')
    case 6:
      return !privateAddresses().check(host, 'ipv6')
    default:
      return host.includes('.') && !PRIVATE_SUFFIX.test(host)
  }
}

let known: InstanceType<typeof net.BlockList> | undefined

/** Built on first use: not every program makes a call. */
function privateAddresses(): InstanceType<typeof net.BlockList> {
  if (known !== undefined) return known
  const list = new net.BlockList()
  // Also matches IPv4 addresses written as IPv6.
  for (const [address, bits] of [
    ['0.0.0.0', 8],
    ['10.0.0.0', 8],
    ['100.64.0.0', 10],
    ['127.0.0.0', 8],
    ['169.254.0.0', 16],
    ['172.16.0.0', 12],
    ['192.168.0.0', 16],
  ] as const) {
    list.addSubnet(address, bits, 'ipv4')
    // The same addresses behind NAT64 (RFC 6052).
    list.addSubnet(`64:ff9b::${address}`, 96 + bits, 'ipv6')
  }
  // NAT64 within one network (RFC 8215).
  list.addSubnet('64:ff9b:1::', 48, 'ipv6')
  list.addSubnet('::', 127, 'ipv6')
  list.addSubnet('fc00::', 7, 'ipv6')
  list.addSubnet('fe80::', 10, 'ipv6')
  known = list
  return list
}
