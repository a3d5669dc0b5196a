/** What stands in place of personal data, and for whom. */
import { describe, expect, it } from 'vitest';
import { maskAddress, maskName, maskPhone, maskText, maskValue, requireNamingByAddress, seesPersonalData } from '../../src/desk/personal-data.ts';
import { partnerViewer, staffViewer, type Viewer } from '../../src/store/viewer.ts';

const customer: Viewer = { kind: 'customer', customerId: 'cus_1' };
const partner = partnerViewer({ partnerId: 'ptn_1', keyId: null });
const person = (role: 'super_admin' | 'admin' | 'user' | 'readonly') => staffViewer({ userId: 'usr_1', name: 'Sam', role });

describe('personal data', () => {
  it('is seen by customers, who see only their own, and by who has the scope', () => {
    expect([customer, person('super_admin'), person('admin')].map(seesPersonalData)).toEqual([true, true, true]);
    expect([person('user'), person('readonly'), partner].map(seesPersonalData)).toEqual([false, false, false]);
  });

  it('names a customer for a partner and for who sees it, and for no other of the desk', () => {
    for (const viewer of [customer, partner, person('admin')]) expect(() => requireNamingByAddress(viewer)).not.toThrow();
    for (const viewer of [person('user'), person('readonly')]) expect(() => requireNamingByAddress(viewer)).toThrow('read:customers:pii');
  });

  it.each([
    ['dana@northwind.example', 'd***@n***.example'],
    ['d@n.co.uk', 'd***@n***.uk'],
    ['"odd@one"@host.example', '"***@h***.example'],
    ['éa@bücher.example', 'é***@b***.example'],
    ['nobody', '***'],
    ['@host.example', '***'],
    ['a@localhost', '***'],
    ['', '***'],
  ])('is taken out of the address %j', (address, masked) => {
    expect(maskAddress(address)).toBe(masked);
  });

  it('is taken out of names and numbers', () => {
    expect(maskName('Lea  Wolf-Maier')).toBe('L*** W***');
    expect(maskName('😀 x')).toBe('😀*** x***');
    expect(maskPhone('+1 212 555 0142')).toBe('***42');
    expect(maskPhone('none')).toBe('***');
  });

  it.each([
    ['Write to dana@northwind.example today', 'Write to [e-mail] today'],
    ['Call me at +1 212 555 0142', 'Call me at [phone]'],
    ['from 203.0.113.7, port 443', 'from [IP address], port 443'],
    ['from 2001:db8:0:0:0:0:0:1 or 2001:db8::1', 'from [IP address] or [IP address]'],
    ['Version 1.2.3 at 10:20:30', 'Version 1.2.3 at 10:20:30'],
    ['Nothing of that kind', 'Nothing of that kind'],
  ])('is taken out of %j', (text, masked) => {
    expect(maskText(text)).toBe(masked);
    expect(maskText(masked)).toBe(masked);
  });

  it('is taken out of whatever a value holds, also by the names in it', () => {
    const value = { to: { email: 'dana@northwind.example', phone: '2125550142', full_name: 'Dana Reyes' }, seen: ['203.0.113.7', 3, null, true] };
    expect(maskValue(value)).toEqual({
      to: { email: 'd***@n***.example', phone: '***42', full_name: 'D*** R***' },
      seen: ['[IP address]', 3, null, true],
    });
    expect(maskValue(JSON.parse('{"__proto__": {"email": "dana@northwind.example"}}'))).not.toHaveProperty('email');
  });
});
