/**
 * Which addresses Parley may send to on behalf of others: public ones, over https. Whoever names an address of this network, of this
 * machine or of a cloud's metadata service is refused, however it is written and whatever a name turns into between two looks: the
 * check stands between the resolver and the connection. Sends nothing.
 */
import { lookup as systemLookup } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';

/** All addresses of a name. @throws What the resolver throws when there is none. */
export type Resolve = (hostname: string) => Promise<readonly string[]>;

export interface OutsideRules {
  /** For development: this machine itself (`localhost`, `127.0.0.1`, `[::1]`) may be meant as well, also with http and on any port. */
  readonly loopback: boolean;
}

/** Why an address is not sent to. Says nothing about what the name turned into: that would tell a stranger about this network. */
export class NotOutside extends Error {
  constructor(sentence: string) {
    super(sentence);
    this.name = 'NotOutside';
  }
}

const URL_CHARS_MAX = 2_048;
const HTTPS_PORT = 443;
/** Below it are the services that a machine offers its own network. */
const FREE_PORTS_FROM = 1_024;
/** Names that only mean something inside a network. */
const INSIDE_NAMES = /(^|\.)(localhost|local|internal|intranet|lan|home|corp|private|arpa|test|invalid|onion)$/;
/** Public by their number, and yet inside: Azure's metadata and wire server, and the prefix by which networks of one's own translate. */
const INSIDE_RANGES = (['168.63.129.16/32', '64:ff9b:1::/48'] as const).map((range) => ipaddr.parseCIDR(range));

/**
 * The address as it will be called.
 * @throws NotOutside with a sentence for whoever gave it.
 */
export function readOutsideUrl(text: string, rules: OutsideRules): URL {
  const url = text.length <= URL_CHARS_MAX && URL.canParse(text) ? new URL(text) : null;
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:')) throw new NotOutside('must be an address that begins with https://.');
  if (url.username !== '' || url.password !== '') throw new NotOutside('must not hold a user name or a password.');
  url.hash = '';
  const hostname = hostOf(url);
  if (rules.loopback && isLoopback(hostname)) return url;
  if (url.protocol !== 'https:') throw new NotOutside('must begin with https://.');
  const port = url.port === '' ? HTTPS_PORT : Number(url.port);
  if (port !== HTTPS_PORT && port < FREE_PORTS_FROM) throw new NotOutside(`must use port ${HTTPS_PORT}, or one from ${FREE_PORTS_FROM} on.`);
  // A name of one word is found by the search list of this machine, or not at all.
  if (isIP(hostname) ? !isOutside(hostname) : !hostname.includes('.') || INSIDE_NAMES.test(hostname)) throw notPublic();
  return url;
}

/**
 * Looks the name up once and checks every address it has.
 * @throws NotOutside when one of them is inside, and when the name has none.
 */
export async function resolveOutside(hostname: string, { loopback }: OutsideRules, resolve: Resolve = resolveBySystem): Promise<readonly string[]> {
  const own = loopback && isLoopback(hostname);
  if (isIP(hostname)) {
    if (!own && !isOutside(hostname)) throw notPublic();
    return [hostname];
  }
  const addresses = await resolve(hostname).catch(() => []);
  // One bad address among good ones is no accident: which of them is called is chance.
  const allowed = addresses.length > 0 && addresses.every((address) => (own ? isLoopback(address) : isOutside(address)));
  if (!allowed) throw notPublic();
  return addresses;
}

/**
 * For the connector of an HTTP client: what it connects to is what was checked, since nobody looks the name up again. An address
 * written as a number never comes here, so check the URL itself as well.
 */
export function outsideLookup(rules: OutsideRules, resolve?: Resolve): LookupFunction {
  return (hostname, options, callback) => {
    resolveOutside(hostname, rules, resolve).then(
      (addresses) => {
        const found = addresses.map((address) => ({ address, family: isIP(address) }));
        const [first] = found;
        if (options.all) callback(null, found);
        else if (first) callback(null, first.address, first.family);
        else callback(notPublic(), '', 0);
      },
      (error: unknown) => callback(error instanceof Error ? error : notPublic(), '', 0),
    );
  };
}

/** The host without the brackets of IPv6 and without the dot that ends a name of the root. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
}

/** True only for addresses that anybody on the internet can be reached under. */
export function isOutside(text: string): boolean {
  if (!ipaddr.isValid(text)) return false;
  const address = ipaddr.parse(text);
  if (address.range() !== 'unicast') return false;
  // Of IPv6 nothing else is given out: what is not named by any list yet is not public either.
  if (address.kind() === 'ipv6' && !address.match(ipaddr.parseCIDR('2000::/3'))) return false;
  return !INSIDE_RANGES.some(([base, bits]) => base.kind() === address.kind() && address.match(base, bits));
}

function isLoopback(hostname: string): boolean {
  if (hostname === 'localhost') return true;
  return ipaddr.isValid(hostname) && ipaddr.parse(hostname).range() === 'loopback';
}

async function resolveBySystem(hostname: string): Promise<readonly string[]> {
  const found = await systemLookup(hostname, { all: true, order: 'verbatim' });
  return found.map(({ address }) => address);
}

function notPublic(): NotOutside {
  return new NotOutside('must be a public address that can be found.');
}
