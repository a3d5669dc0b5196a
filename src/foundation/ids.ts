/**
 * Typed, sortable ids: `<prefix>_<UUIDv7 in base32>` (TypeID 0.3, https://github.com/jetify-com/typeid; UUIDv7: RFC 9562).
 * Ids sort by the millisecond they were made in. Knows no tables; the prefixes are the closed list of what can have an id.
 */
import { TypeID, typeidUnboxed } from 'typeid-js';

export const ID_PREFIXES = [
  'cus',
  'con',
  'note',
  'sub',
  'inv',
  'pay',
  'cred',
  'use',
  'hev',
  'conv',
  'msg',
  'run',
  'step',
  'art',
  'usr',
  'ptn',
  'key',
  'aud',
  'req',
  'inst',
  'out',
  'off',
  'ref',
  'disc',
  'proof',
  'mem',
  'sess',
  'login',
  'ntf',
  'wse',
  'whk',
  'wha',
  'wkey',
  'day',
  'app',
  'cnx',
  'tkt',
  'iss',
  'del',
  'rst',
  'exp',
  'era',
  'dreq',
  'onb',
  'feat',
  'corr',
  'srch',
  'arep',
  'sugg',
  'esc',
  'hop',
  'ers',
  'appr',
  'adec',
  'sched',
  'oper',
  'opal',
  'hook',
  'dlv',
  'dtry',
] as const;

export type IdPrefix = (typeof ID_PREFIXES)[number];

/** A new id of this kind. */
export function newId(prefix: IdPrefix): string {
  return typeidUnboxed(prefix);
}

/**
 * The id that belongs to a moment and ten bytes of entropy: the same inputs give the same id, which seeds need.
 * @param atMs Unix time in milliseconds, 0 to 2^48 - 1.
 * @param entropy At least 10 bytes; the first ten are used.
 */
export function idAt(prefix: IdPrefix, atMs: number, entropy: Uint8Array): string {
  if (entropy.length < 10) throw new RangeError('idAt needs 10 bytes of entropy');
  const bytes = new Uint8Array(16);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(Math.trunc(atMs)) << 16n);
  bytes.set(entropy.subarray(0, 10), 6);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x70;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return TypeID.fromUUIDBytes(prefix, bytes).toString();
}

/** The kind of a well-formed id, or null for anything else (wrong alphabet, unknown prefix, not a string we made). */
export function prefixOf(id: string): IdPrefix | null {
  const cut = id.lastIndexOf('_');
  const prefix = ID_PREFIXES.find((known) => known === id.slice(0, Math.max(cut, 0)));
  return prefix && /^[0-7][0-9a-hjkmnp-tv-z]{25}$/.test(id.slice(cut + 1)) ? prefix : null;
}
