/** Forms that the values of settings have. Knows no setting. */
import { z } from 'zod';
import { createAddressOf } from './gateway/client-address.ts';

export const port = z.coerce.number().int().min(0).max(65_535);
export const count = (min: number, max: number) => z.coerce.number().int().min(min).max(max);
export const httpUrl = z.url({ protocol: /^https?$/ });

/** What stands between commas. */
export function listOf(text: string): string[] {
  return text
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');
}

export function areOrigins(text: string): boolean {
  return listOf(text).every((one) => {
    const url = URL.parse(one);
    return url !== null && /^https?:$/.test(url.protocol) && !url.hostname.includes('*') && url.href === `${url.origin}/` && /^[^/]+:\/\/[^/]+\/?$/.test(one);
  });
}

export function areNetworks(text: string): boolean {
  try {
    createAddressOf(listOf(text));
    return true;
  } catch {
    return false;
  }
}
