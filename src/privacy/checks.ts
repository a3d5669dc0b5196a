/**
 * Check digits and ranges of numbers that people and banks are known by: pure arithmetic on strings that are digits (and letters where
 * the scheme has them) already, without separators. Looks at no text around them.
 */

/** ISO/IEC 7812-1, annex B. */
export function passesLuhn(digits: string): boolean {
  let sum = 0;
  for (let i = 0; i < digits.length; i += 1) {
    const digit = digitAt(digits, digits.length - 1 - i);
    sum += i % 2 === 0 ? digit : digit > 4 ? digit * 2 - 9 : digit * 2;
  }
  return sum % 10 === 0;
}

/** First number, last number, and the lengths in which cards of that range are issued. */
const ISSUERS: readonly (readonly [from: number, to: number, shortest: number, longest: number])[] = [
  [34, 34, 15, 15],
  [37, 37, 15, 15],
  [36, 36, 14, 19],
  [38, 39, 14, 19],
  [300, 305, 14, 16],
  [3528, 3589, 16, 19],
  [51, 55, 16, 16],
  [2221, 2720, 16, 16],
  [2200, 2204, 16, 19],
  [6011, 6011, 16, 19],
  [644, 649, 16, 19],
  [65, 65, 16, 19],
  [62, 62, 16, 19],
  [81, 82, 16, 16],
  [5018, 5020, 13, 19],
  [5038, 5038, 13, 19],
  [5893, 5893, 13, 19],
  [6304, 6304, 13, 19],
  [6759, 6763, 13, 19],
];

/** Whether a card scheme issues numbers that begin like this in this length. The check digit alone lets one number in ten through. */
export function isIssued(digits: string): boolean {
  if (digits.startsWith('4')) return digits.length === 13 || digits.length === 16 || digits.length === 19;
  return ISSUERS.some(([from, to, shortest, longest]) => {
    const start = Number(digits.slice(0, String(from).length));
    return start >= from && start <= to && digits.length >= shortest && digits.length <= longest;
  });
}

/** US social security number: the areas, groups and serials that are never given out are not one. */
export function isSsn(digits: string): boolean {
  return /^(?!000|666|9)\d{3}(?!00)\d{2}(?!0000)\d{4}$/.test(digits);
}

/** UK national insurance number, upper case. It has no check digit, only letters that are never used. */
export function isNino(text: string): boolean {
  return /^(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]\d{6}[A-D]$/.test(text);
}

/** Whether these two letters, upper case, may be the first of one. */
export function beginsNino(letters: string): boolean {
  return isNino(`${letters}123456A`);
}

/** German tax identification number: ISO 7064 MOD 11,10, and of the first ten digits exactly one stands there twice or three times. */
export function isSteuerId(digits: string): boolean {
  if (!/^[1-9]\d{10}$/.test(digits)) return false;
  const counts = Array.from({ length: 10 }, () => 0);
  let product = 10;
  for (let i = 0; i < 10; i += 1) {
    const digit = digitAt(digits, i);
    counts[digit] = (counts[digit] ?? 0) + 1;
    const sum = (digit + product) % 10 || 10;
    product = (sum * 2) % 11;
  }
  const repeated = counts.filter((count) => count > 1);
  return repeated.length === 1 && (repeated[0] ?? 0) <= 3 && (11 - product) % 10 === digitAt(digits, 10);
}

/** Spanish DNI or, with X, Y or Z in front, NIE; upper case. */
export function isDniOrNie(text: string): boolean {
  const match = /^([XYZ]?)(\d{7,8})([A-Z])$/.exec(text);
  if (!match || (match[1] === '') !== (match[2]?.length === 8)) return false;
  const number = Number(`${match[1] === '' ? '' : 'XYZ'.indexOf(match[1] ?? '')}${match[2]}`);
  return 'TRWAGMYFPDXBNJZSQVHLCKE'[number % 23] === match[3];
}

/** French NIR with its key: sex, year, month, department, commune, order; 97 minus the rest of the first 13 by 97. */
export function isNir(digits: string): boolean {
  if (!/^[123478]\d{2}(?:0[1-9]|1[0-2]|[2-4]\d|[5-9]\d)\d{10}$/.test(digits)) return false;
  return 97 - (Number(digits.slice(0, 13)) % 97) === Number(digits.slice(13));
}

/** Brazilian CPF: two check digits, and not one digit eleven times. */
export function isCpf(digits: string): boolean {
  if (!/^\d{11}$/.test(digits) || /^(\d)\1{10}$/.test(digits)) return false;
  const check = (length: number): number => {
    let sum = 0;
    for (let i = 0; i < length; i += 1) sum += digitAt(digits, i) * (length + 1 - i);
    return ((sum * 10) % 11) % 10;
  };
  return check(9) === digitAt(digits, 9) && check(10) === digitAt(digits, 10);
}

/** Indian Aadhaar number: Verhoeff's check, which lives in the dihedral group of order ten. */
export function isAadhaar(digits: string): boolean {
  if (!/^[2-9]\d{11}$/.test(digits)) return false;
  let check = 0;
  for (let i = 0; i < digits.length; i += 1) check = dihedralProduct(check, permuted(digitAt(digits, digits.length - 1 - i), i));
  return check === 0;
}

function dihedralProduct(a: number, b: number): number {
  if (a < 5) return b < 5 ? (a + b) % 5 : 5 + ((a + b - 5) % 5);
  return b < 5 ? 5 + ((a - 5 - b + 5) % 5) : (a - b + 5) % 5;
}

/** Verhoeff's permutation, applied as often as the digit's place from the right says. */
function permuted(digit: number, times: number): number {
  const permutation = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];
  let result = digit;
  for (let i = 0; i < times % 8; i += 1) result = permutation[result] ?? 0;
  return result;
}

/** Lengths by country, from the register of ISO 13616. */
const IBAN_LENGTHS: Readonly<Record<string, number>> = Object.fromEntries(
  (
    'AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ES24 FI18 FK18 FO18 FR27 ' +
    'GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 ' +
    'MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 ' +
    'TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30'
  )
    .split(' ')
    .map((entry) => [entry.slice(0, 2), Number(entry.slice(2))]),
);

/** 0 for what is no country of the register. */
export function ibanLength(country: string): number {
  return IBAN_LENGTHS[country] ?? 0;
}

/** ISO 13616: the first four behind the rest, letters as 10 to 35, and the whole leaves 1 by 97. Upper case, of the country's length. */
export function isIban(text: string): boolean {
  if (!/^[A-Z]{2}\d{2}[A-Z\d]+$/.test(text) || text.length !== ibanLength(text.slice(0, 2))) return false;
  let rest = 0;
  for (const char of text.slice(4) + text.slice(0, 4)) {
    const value = Number.parseInt(char, 36);
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
  }
  return rest === 1;
}

function digitAt(digits: string, index: number): number {
  return digits.charCodeAt(index) - 48;
}
