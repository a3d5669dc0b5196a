/** Where Parley sends for others: to public addresses only, however one of the inside is written or found. */
import { describe, expect, it } from 'vitest';
import { isOutside, NotOutside, outsideLookup, readOutsideUrl, resolveOutside } from '../../src/desk/outside-address.ts';

const STRICT = { loopback: false };
const DEVELOPMENT = { loopback: true };

describe('an address that is given for a webhook', () => {
  it.each([
    'https://hooks.example.com/parley',
    'https://hooks.example.com:8443/parley?tenant=7',
    'https://hooks.example.com:1024/',
    'https://hooks.example.com./dot',
    'https://bücher.example.com/webhook',
    'https://93.184.215.14/',
    'https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/',
  ])('may be %s', (text) => {
    expect(readOutsideUrl(text, STRICT).protocol).toBe('https:');
  });

  it.each([
    // Forms of 127.0.0.1 and its neighbours.
    'https://127.0.0.1/',
    'https://127.1/',
    'https://2130706433/',
    'https://0x7f000001/',
    'https://0x7f.0.0.1/',
    'https://0177.0.0.1/',
    'https://127.0.0.1./',
    'https://１２７.０.０.１/',
    'https://①②⑦.0.0.1/',
    'https://127.8.9.10/',
    'https://0/',
    'https://0.0.0.0/',
    'https://[::]/',
    'https://[::1]/',
    'https://[0:0:0:0:0:0:0:1]/',
    'https://[::127.0.0.1]/',
    'https://[::ffff:127.0.0.1]/',
    'https://[::ffff:7f00:1]/',
    'https://[::ffff:0:127.0.0.1]/',
    // Networks of one's own.
    'https://10.0.0.1/',
    'https://10.255.255.255/',
    'https://172.16.0.1/',
    'https://172.31.255.255/',
    'https://192.168.1.1/',
    'https://100.64.0.1/',
    'https://100.127.255.255/',
    'https://[fc00::1]/',
    'https://[fd12:3456::1]/',
    'https://[fe80::1]/',
    'https://[fec0::1]/',
    // Metadata of clouds.
    'https://169.254.169.254/latest/meta-data/',
    'https://0xa9fea9fe/',
    'https://[::ffff:169.254.169.254]/',
    'https://[fd00:ec2::254]/',
    'https://100.100.100.200/',
    'https://192.0.0.192/',
    'https://168.63.129.16/',
    'https://metadata.google.internal/',
    // Translated: an address of the inside in one of the outside.
    'https://[64:ff9b::7f00:1]/',
    'https://[64:ff9b:1::a00:1]/',
    'https://[2002:7f00:1::]/',
    'https://[2002:c0a8:101::1]/',
    'https://[2001:0:1::1]/',
    // To many, for documents and tests, or nobody's.
    'https://224.0.0.1/',
    'https://239.255.255.255/',
    'https://255.255.255.255/',
    'https://240.0.0.1/',
    'https://192.0.2.1/',
    'https://198.51.100.7/',
    'https://203.0.113.9/',
    'https://198.18.0.1/',
    'https://[ff02::1]/',
    'https://[2001:db8::1]/',
    'https://[100::1]/',
    'https://[4000::1]/',
    // Names of the inside.
    'https://localhost/',
    'https://LOCALHOST/',
    'https://localhost./',
    'https://api.localhost/',
    'https://ｌｏｃａｌｈｏｓｔ/',
    'https://intranet/',
    'https://postgres:8080/',
    'https://db.internal/',
    'https://printer.local/',
    'https://1.0.0.127.in-addr.arpa/',
    // Other ways in.
    'http://hooks.example.com/',
    'http://127.0.0.1/',
    'ftp://hooks.example.com/',
    'file:///etc/passwd',
    'gopher://hooks.example.com/',
    'javascript:alert(1)',
    'data:text/plain,hello',
    '//hooks.example.com/',
    'hooks.example.com',
    '',
    'https://',
    'https://user@hooks.example.com/',
    'https://user:password@hooks.example.com/',
    'https://hooks.example.com@127.0.0.1/',
    'https://127.0.0.1#@hooks.example.com/',
    'https://127.0.0.1\\@hooks.example.com/',
    'https://hooks.example.com:22/',
    'https://hooks.example.com:80/',
    'https://hooks.example.com:0/',
    'https://hooks.example.com:65536/',
    `https://hooks.example.com/${'x'.repeat(2_100)}`,
  ])('may not be %s', (text) => {
    expect(() => readOutsideUrl(text, STRICT)).toThrow(NotOutside);
  });

  it('may be this machine in development, in every form of it and nothing else of the inside', () => {
    for (const text of ['http://localhost:4000/', 'http://127.0.0.1:80/', 'https://[::1]/', 'http://127.9.9.9/']) {
      expect(readOutsideUrl(text, DEVELOPMENT).href).toContain('/');
    }
    for (const text of ['http://10.0.0.1/', 'http://hooks.example.com/', 'https://169.254.169.254/', 'https://[::ffff:127.0.0.1]/', 'http://user@localhost/']) {
      expect(() => readOutsideUrl(text, DEVELOPMENT)).toThrow(NotOutside);
    }
  });

  it('loses what no server is sent', () => {
    expect(readOutsideUrl('https://hooks.example.com/a#part', STRICT).href).toBe('https://hooks.example.com/a');
  });
});

describe('what a name turns into', () => {
  it('is refused when one of its addresses is inside, and when it has none', async () => {
    await expect(resolveOutside('hooks.example.com', STRICT, async () => ['93.184.215.14', '2606:2800::1'])).resolves.toHaveLength(2);
    for (const addresses of [[], ['10.0.0.1'], ['93.184.215.14', '127.0.0.1'], ['::ffff:10.0.0.1'], ['64:ff9b::a00:1'], ['not an address'], ['fe80::1%eth0']]) {
      await expect(resolveOutside('hooks.example.com', STRICT, async () => addresses)).rejects.toThrow(NotOutside);
    }
    await expect(resolveOutside('hooks.example.com', STRICT, () => Promise.reject(new Error('ENOTFOUND')))).rejects.toThrow(NotOutside);
  });

  it('says the same of a name that is inside and of one that is not there', async () => {
    const said = async (addresses: readonly string[]) => resolveOutside('a.example.com', STRICT, async () => addresses).catch((error: Error) => error.message);
    expect(await said(['10.0.0.1'])).toBe(await said([]));
  });

  it('may be this machine only for the name localhost, and only in development', async () => {
    await expect(resolveOutside('localhost', DEVELOPMENT, async () => ['127.0.0.1', '::1'])).resolves.toHaveLength(2);
    await expect(resolveOutside('localhost', DEVELOPMENT, async () => ['10.0.0.1'])).rejects.toThrow(NotOutside);
    await expect(resolveOutside('rebound.example.com', DEVELOPMENT, async () => ['127.0.0.1'])).rejects.toThrow(NotOutside);
    await expect(resolveOutside('localhost', STRICT, async () => ['127.0.0.1'])).rejects.toThrow(NotOutside);
    await expect(resolveOutside('127.0.0.1', STRICT)).rejects.toThrow(NotOutside);
  });

  it('is checked each time a connection is made, and what was checked is what is connected to', async () => {
    const answers = [['93.184.215.14'], ['127.0.0.1']];
    const lookup = outsideLookup(STRICT, async () => answers.shift() ?? []);
    const look = () =>
      new Promise<unknown>((resolve) => {
        lookup('rebound.example.com', { all: true }, (error, addresses) => resolve(error ?? addresses));
      });
    expect(await look()).toEqual([{ address: '93.184.215.14', family: 4 }]);
    expect(await look()).toBeInstanceOf(NotOutside);
  });

  it('is one address for who asks for one', async () => {
    const lookup = outsideLookup(STRICT, async () => ['2606:2800::1', '93.184.215.14']);
    const found = await new Promise((resolve) => {
      lookup('hooks.example.com', {}, (error, address, family) => resolve([error, address, family]));
    });
    expect(found).toEqual([null, '2606:2800::1', 6]);
  });

  it('is outside only where everybody is', () => {
    expect(['1.1.1.1', '8.8.8.8', '172.32.0.1', '100.128.0.1', '2a00:1450::1'].filter((address) => !isOutside(address))).toEqual([]);
  });
});
