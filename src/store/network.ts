/** Networks as people write them (CIDR, IPv4 and IPv6), and whether an address lies in one. Looks no names up. */
import { BlockList, isIP } from 'node:net';

/** An IPv4 address as a socket for both families shows it. */
const MAPPED = /^::ffff:(\d{1,3}(?:\.\d{1,3}){3})$/i;
const BITS = { 4: 32, 6: 128 } as const;

interface Network {
  readonly address: string;
  readonly bits: number;
  readonly family: 'ipv4' | 'ipv6';
}

/** The network in one form, a single address with its full length; null for anything else. */
export function networkOf(text: string): string | null {
  const network = parse(text.trim());
  return network && `${network.address}/${network.bits}`;
}

/** @param networks As `networkOf` answers them. What is no address is within none. */
export function isWithin(address: string, networks: readonly string[]): boolean {
  const known = parse(address);
  if (!known) return false;
  const list = new BlockList();
  for (const text of networks) {
    const network = parse(text);
    // The list takes an IPv4 address for one of IPv6 too, so that ::/0 would let everybody in.
    if (network?.family === known.family) list.addSubnet(network.address, network.bits, network.family);
  }
  return list.check(known.address, known.family);
}

function parse(text: string): Network | null {
  const [written = '', length, ...rest] = text.split('/');
  const address = MAPPED.exec(written)?.[1] ?? written;
  const version = isIP(address);
  // A zone belongs to one machine's own links and says nothing about where a caller is.
  if ((version !== 4 && version !== 6) || address.includes('%') || rest.length > 0) return null;
  const most = BITS[version];
  if (length === undefined) return { address, bits: most, family: `ipv${version}` };
  // A length of a mapped address would count the bits of the other family.
  if (!/^\d{1,3}$/.test(length) || Number(length) > most || address !== written) return null;
  return { address, bits: Number(length), family: `ipv${version}` };
}
