/**
 * What an API key looks like: `pk_live_` or `pk_test_`, 43 letters and digits that carry 256 random bits, and six more that are the
 * CRC-32 of all before them. So whoever finds one in a place where it does not belong (a secret scanner, or we ourselves) knows without
 * asking anybody whether it can be a key. It proves nothing: whether a key is one is api-key.ts.
 */
import { createHash, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const SECRET_CHARS = 43;
const CHECKSUM_CHARS = 6;
const CHECKED = new RegExp(`^pk_(?:test|live)_[0-9A-Za-z]{${SECRET_CHARS + CHECKSUM_CHARS}}$`);
/** Keys that were made before there was a checksum. */
const UNCHECKED = /^pk_(?:test|live)_[\w-]{43}$/;
/** `pk_test_` and eight more characters: enough to find a key by in a list, far too little to guess the rest. */
const PREFIX_CHARS = 16;

export interface MintedKey {
  /** Exists nowhere else: show it once. */
  readonly key: string;
  readonly prefix: string;
  readonly hash: string;
}

export function mintApiKey(test: boolean): MintedKey {
  const bare = `pk_${test ? 'test' : 'live'}_${digitsOf(BigInt(`0x${randomBytes(32).toString('hex')}`), SECRET_CHARS)}`;
  const key = bare + checksumOf(bare);
  return { key, prefix: key.slice(0, PREFIX_CHARS), hash: keyHashOf(key) };
}

/** True for text that can be a key: its form is right, and so is its checksum, if it is of the kind that has one. */
export function hasKeyForm(text: string): boolean {
  return hasChecksum(text) || UNCHECKED.test(text);
}

/** True for a key of the kind that is made today. */
export function hasChecksum(text: string): boolean {
  return CHECKED.test(text) && text.slice(-CHECKSUM_CHARS) === checksumOf(text.slice(0, -CHECKSUM_CHARS));
}

/** Keys carry 256 random bits: a fast hash is enough, and finding a row by it reveals nothing. */
export function keyHashOf(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}

function checksumOf(text: string): string {
  return digitsOf(BigInt(crc32(text)), CHECKSUM_CHARS);
}

/** In base 62, with zeros in front. */
function digitsOf(number: bigint, chars: number): string {
  let text = '';
  for (let left = number; left > 0n; left /= 62n) text = (DIGITS[Number(left % 62n)] ?? '') + text;
  return text.padStart(chars, '0');
}
