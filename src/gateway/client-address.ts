/**
 * From where somebody calls: the address of the connection, or, when that is a trusted proxy, what it and the trusted ones before it
 * wrote into X-Forwarded-For, read from the right up to the first hop nobody trusts. `Forwarded` is not read: a proxy that writes the
 * one header passes the other on as the caller wrote it.
 */
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

type Address = ReturnType<typeof ipaddr.process>;

export type AddressOf = (request: IncomingMessage) => string | null;

/** Where a call comes from. Whoever counts, locks out, notes or compares addresses reads it here. */
export interface Origin {
  /** Past trusted proxies; null for a connection that is gone. */
  readonly address: string | null;
  /** What the client says it is. */
  readonly userAgent: string | null;
}

export type OriginOf = (request: IncomingMessage) => Origin;

/** @param trustedProxies As for `createAddressOf`. */
export function createOriginOf(trustedProxies: readonly string[]): OriginOf {
  const addressOf = createAddressOf(trustedProxies);
  return (request) => ({ address: addressOf(request), userAgent: request.headers['user-agent'] ?? null });
}

/** Whoever has one address of IPv6 has all that share its first bits. */
const NETWORK_BITS = 64;

/** @param trustedProxies Addresses and networks (`10.0.0.0/8`) of the proxies in front. @throws Error for one that is neither. */
export function createAddressOf(trustedProxies: readonly string[]): AddressOf {
  const networks = trustedProxies.map(networkNamed);
  const isTrusted = (address: Address) => networks.some(([base, bits]) => base.kind() === address.kind() && address.match(base, bits));
  return ({ socket: { remoteAddress }, headers }) => {
    const direct = parse(remoteAddress ?? '');
    if (!direct) return null;
    let address = direct;
    // Node joins several headers of this name in their order.
    const hops = String(headers['x-forwarded-for'] ?? '').split(',');
    while (isTrusted(address) && hops.length > 0) {
      const next = parse(hops.pop()?.trim() ?? '');
      if (!next) break;
      address = next;
    }
    return address.toString();
  };
}

/** What calls are counted by: the address, or the network of an address of IPv6. */
export function networkOf(address: string): string {
  const parsed = parse(address);
  if (!parsed || parsed.kind() === 'ipv4') return address;
  const bytes = parsed.toByteArray().map((byte, at) => (at < NETWORK_BITS / 8 ? byte : 0));
  return `${ipaddr.fromByteArray(bytes).toString()}/${NETWORK_BITS}`;
}

/** @throws Error naming what is no address and no network. */
function networkNamed(text: string): [Address, number] {
  const [host = '', bits, ...rest] = text.split('/');
  const base = isIP(host) === 0 ? null : ipaddr.process(host);
  const most = base?.kind() === 'ipv4' ? 32 : 128;
  const length = bits === undefined ? most : /^\d{1,3}$/.test(bits) ? Number(bits) : Number.NaN;
  if (!base || rest.length > 0 || !(length <= most)) throw new Error(`"${text}" is no address and no network such as 10.0.0.0/8`);
  return [base, length];
}

/** An address as the proxies write it, some of them with its port. Addresses of IPv4 in the form of IPv6 are what they stand for. */
function parse(text: string): Address | null {
  const bare = isIP(text) === 0 ? (/^\[([^\]]+)\](?::\d+)?$/.exec(text)?.[1] ?? /^([^:]+):\d+$/.exec(text)?.[1] ?? '') : text;
  return isIP(bare) === 0 ? null : ipaddr.process(bare);
}
