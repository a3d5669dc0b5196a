/** From where somebody calls: what a proxy nobody trusts says about it counts nothing. */
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createAddressOf, networkOf } from '../../src/gateway/client-address.ts';

function from(remoteAddress: string | undefined, headers: Record<string, string> = {}): IncomingMessage {
  const request = new IncomingMessage(Object.defineProperty(new Socket(), 'remoteAddress', { value: remoteAddress }));
  Object.assign(request.headers, headers);
  return request;
}
const hops = (list: string) => ({ 'x-forwarded-for': list });

describe('the address of a caller', () => {
  const addressOf = createAddressOf(['10.0.0.0/8', '192.0.2.7', 'fd00::/8']);
  it.each([
    ['the connection’s own', '203.0.113.9', {}, '203.0.113.9'],
    ['the connection’s own in the form of IPv6', '::ffff:203.0.113.9', {}, '203.0.113.9'],
    ['the connection’s own, whatever it claims', '203.0.113.9', hops('198.51.100.1'), '203.0.113.9'],
    ['what a trusted proxy says', '10.1.2.3', hops('198.51.100.1'), '198.51.100.1'],
    ['what a trusted proxy in the form of IPv6 says', '::ffff:10.1.2.3', hops('198.51.100.1'), '198.51.100.1'],
    ['the first from the right that nobody trusts, not what it claims', '10.1.2.3', hops('1.1.1.1, 198.51.100.1, 192.0.2.7'), '198.51.100.1'],
    ['the outermost trusted one when all are', '10.1.2.3', hops('10.0.0.9, 192.0.2.7'), '10.0.0.9'],
    ['of IPv6', 'fd00::1', hops('2001:db8::5'), '2001:db8::5'],
    ['with a port', '10.1.2.3', hops('198.51.100.1:5432'), '198.51.100.1'],
    ['of IPv6 with a port', '10.1.2.3', hops('[2001:db8::5]:5432'), '2001:db8::5'],
    ['the proxy’s when it says nonsense', '10.1.2.3', hops('198.51.100.1, unknown'), '10.1.2.3'],
    ['the proxy’s when it says a number that some would take for an address', '10.1.2.3', hops('3325256705'), '10.1.2.3'],
    ['the proxy’s when it says nothing', '10.1.2.3', hops(''), '10.1.2.3'],
    ['the proxy’s when only the header that passes through untouched names one', '10.1.2.3', { forwarded: 'for=198.51.100.1' }, '10.1.2.3'],
    ['not known for a connection that is gone', undefined, {}, null],
  ])('is %s', (_what, remote, headers, address) => {
    expect(addressOf(from(remote, headers))).toBe(address);
  });

  it('is never chosen by a caller, whatever they send', () => {
    const header = fc.oneof(
      fc.string(),
      fc.array(fc.oneof(fc.ipV4(), fc.ipV6(), fc.string()), { maxLength: 8 }).map((list) => list.join(', ')),
    );
    fc.assert(
      fc.property(header, fc.ipV4(), (sent, real) => {
        fc.pre(!/^10\.|^192\.0\.2\.7$/.test(real));
        // The proxy adds whom it saw.
        expect(addressOf(from('10.0.0.1', hops(`${sent}, ${real}`)))).toBe(real);
        expect(createAddressOf([])(from(real, hops(sent)))).toBe(real);
      }),
    );
  });

  it.each(['10.0.0.0/33', 'example.com', '10.0.0.0/8/8', '10.0.0/8', '::1/129', '10.0.0.0/', '*'])('trusts no %s', (given) => {
    expect(() => createAddressOf([given])).toThrow('no address');
  });
});

describe('what an address counts as', () => {
  it.each([
    ['203.0.113.9', '203.0.113.9'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::9', '2001:db8:1:2::/64'],
    ['::ffff:203.0.113.9', '::ffff:203.0.113.9'],
    ['unknown', 'unknown'],
  ])('%s', (address, network) => {
    expect(networkOf(address)).toBe(network);
  });
});
