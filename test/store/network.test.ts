/** Networks as people write them: one form for each, and addresses of both families within them. */
import { describe, expect, it } from 'vitest';
import { isWithin, networkOf } from '../../src/store/network.ts';

describe('a network', () => {
  it.each([
    ['192.0.2.0/24', '192.0.2.0/24'],
    [' 192.0.2.7 ', '192.0.2.7/32'],
    ['::ffff:192.0.2.7', '192.0.2.7/32'],
    ['2001:db8::/32', '2001:db8::/32'],
    ['2001:db8::1', '2001:db8::1/128'],
    ['0.0.0.0/0', '0.0.0.0/0'],
  ])('is read from "%s"', (text, network) => {
    expect(networkOf(text)).toBe(network);
  });

  it.each([
    '',
    'localhost',
    '192.0.2',
    '192.0.2.0/33',
    '192.0.2.0/-1',
    '192.0.2.0/',
    '192.0.2.0/8/8',
    '2001:db8::/129',
    '::ffff:192.0.2.0/120',
    'fe80::1%eth0',
    '10/8',
  ])('is not read from "%s"', (text) => {
    expect(networkOf(text)).toBeNull();
  });

  it.each([
    ['10.1.2.3', ['10.0.0.0/8'], true],
    ['11.1.2.3', ['10.0.0.0/8', '192.0.2.1/32'], false],
    ['::ffff:10.1.2.3', ['10.0.0.0/8'], true],
    ['10.1.2.3', ['::/0'], false],
    ['2001:db8::1', ['0.0.0.0/0'], false],
    ['2001:DB8::0001', ['2001:db8::1/128'], true],
    ['not an address', ['0.0.0.0/0', '::/0'], false],
    ['10.1.2.3', [], false],
  ])('holds %s of %j: %s', (address, networks, within) => {
    expect(isWithin(address, networks)).toBe(within);
  });
});
