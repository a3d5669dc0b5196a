/** Keys that make a repeated request one request. Works in pages without TLS too, where `crypto.randomUUID` is missing. */

/** 128 random bits as text. */
export function newKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
