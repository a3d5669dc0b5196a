/**
 * Personal data, for whoever may not see it: what stands there instead. A customer sees its own; staff and partners need the scope
 * `read:customers:pii`. Which fields hold personal data is the list in schema/personal-data.ts. Changes no row.
 */
import type { RedactionPolicy } from '../privacy/kinds.ts';
import { redact } from '../privacy/redact.ts';
import { hasScope, type Viewer } from '../store/viewer.ts';
import { lacksScope } from './access.ts';

export function seesPersonalData(viewer: Viewer): boolean {
  return viewer.kind === 'customer' || hasScope(viewer, 'read:customers:pii');
}

/**
 * Whether the viewer may name a customer by an address: whether it works says that there is such a customer. Partners name their own,
 * whom they know by it.
 * @throws AppError FORBIDDEN.
 */
export function requireNamingByAddress(viewer: Viewer): void {
  if (viewer.kind === 'staff' && !seesPersonalData(viewer)) throw lacksScope('read:customers:pii');
}

/** `d***@n***.example`: enough to tell two addresses apart, too little to write to one. */
export function maskAddress(address: string): string {
  const at = address.lastIndexOf('@');
  const domain = address.slice(at + 1);
  const dot = domain.lastIndexOf('.');
  if (at < 1 || dot < 1) return HIDDEN;
  return `${initial(address)}${HIDDEN}@${initial(domain)}${HIDDEN}${domain.slice(dot)}`;
}

/** `L*** W***`. */
export function maskName(name: string): string {
  const words = name.split(/\s+/).filter((word) => word !== '');
  return words.map((word) => `${initial(word)}${HIDDEN}`).join(' ');
}

/** The last two digits of a number of a telephone, as people recognise theirs. */
export function maskPhone(phone: string): string {
  return `${HIDDEN}${phone.replaceAll(/\D/g, '').slice(-2)}`;
}

/** A text without the addresses, numbers and IP addresses in it. Names of people stay: no rule finds them. */
export function maskText(text: string): string {
  return redact(text, EVERYTHING).text.replaceAll(IP_V4, IP_ADDRESS).replaceAll(IP_V6, IP_ADDRESS);
}

/** The same for every text within a value, and for what stands under a name that says what it is. */
export function maskValue(value: unknown, name = '', depth = 0): unknown {
  if (typeof value === 'string') return maskNamed(value, name);
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  if (depth === DEPTH_MAX) return HIDDEN;
  if (Array.isArray(value)) return value.map((one) => maskValue(one, name, depth + 1));
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, maskValue(one, key, depth + 1)]));
}

const HIDDEN = '***';
const DEPTH_MAX = 12;
const EVERYTHING: RedactionPolicy = { email: true, phone: true, keptDomains: [] };
const IP_ADDRESS = '[IP address]';
const IP_V4 = /(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.]*\d)/g;
const IP_V6 = /(?<![\w:])(?:(?:[\da-f]{1,4}:){7}[\da-f]{1,4}|(?:[\da-f]{1,4}(?::[\da-f]{1,4})*)?::(?:[\da-f]{1,4}(?::[\da-f]{1,4})*)?)(?![\w:])/gi;

function maskNamed(text: string, name: string): string {
  if (/e-?mail$/i.test(name) && text.includes('@')) return maskAddress(text);
  if (/(?:phone|mobile)(?:number)?$/i.test(name)) return maskPhone(text);
  if (/^(?:person|full|first|last|contact|member|recipient)_?name$/i.test(name)) return maskName(text);
  return maskText(text);
}

/** The first character, not half of one. */
function initial(text: string): string {
  return String.fromCodePoint(text.codePointAt(0) ?? 0x2a);
}
