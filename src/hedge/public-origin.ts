import { net } from '../core/builtins.ts'

/** Names that are resolved inside a network of their own (RFC 6762, and the name reserved for private use in 2024). */
const PRIVATE_SUFFIX = /\.(?:local|internal|localhost)$/

/**
 * Whether an origin is out on the Internet: neither loopback, private, link-local nor unspecified, and no name that only a
 * network of its own resolves. A model that is served there has no spare capacity for a second request, and may be loading.
 * Pure: names are not resolved.
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

/** Made for the first origin that is asked about: not every program makes a call. */
function privateAddresses(): InstanceType<typeof net.BlockList> {
  if (known !== undefined) return known
  const list = new net.BlockList()
  // An address of IPv4 written as one of IPv6 is matched by these, too.
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
  }
  list.addSubnet('::', 127, 'ipv6')
  list.addSubnet('fc00::', 7, 'ipv6')
  list.addSubnet('fe80::', 10, 'ipv6')
  known = list
  return list
}
