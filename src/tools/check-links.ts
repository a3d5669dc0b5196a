/**
 * `check_links`: every link of a draft, by its form and its host. Nothing is fetched: whether a page answers today says nothing about
 * tomorrow, and a draft must not make the house call an address. Code is not looked at: addresses in it are examples.
 */
import type { AnyTool, Reviewed } from '../orchestration/tool.ts';
import type { Finding } from '../orchestration/verdict.ts';
import type { Database } from '../store/database.ts';
import { readPolicy } from '../store/policy.ts';
import { withoutCode } from './draft.ts';
import { readOwnFacts } from './own-facts.ts';
import { defineCheck, found, quote, type Reading } from './review.ts';

export function checkLinks(database: Database): AnyTool {
  return defineCheck({
    name: 'check_links',
    description:
      'Looks at every link of a draft without fetching it: its form, https, a host that the business allows, no placeholders and no local addresses.',
    about: 'the links',
    async read(reviewed, { customerId, now }) {
      const [{ linkHosts }, { emails }] = await Promise.all([readPolicy(database), readOwnFacts(database, customerId, now)]);
      return readLinks(reviewed, linkHosts, [...new Set([...emails].map((email) => email.slice(email.lastIndexOf('@') + 1)))]);
    },
  });
}

const CHECK = 'link';

interface Link {
  /** As it stands in the draft. */
  readonly target: string;
  /** The words it is behind; empty for a bare link. */
  readonly words: string;
}

/**
 * @param hosts Hosts that may be linked; those below them too.
 * @param theirs The customer's own, which may be named as well: an endpoint of theirs is what a question is about.
 */
export function readLinks({ answer }: Pick<Reviewed, 'answer'>, hosts: readonly string[], theirs: readonly string[] = []): Reading {
  const links = linksIn(withoutCode(answer));
  const findings = links.flatMap((link) => ofLink(link, hosts, theirs));
  return { findings, checked: links.length };
}

const MARKDOWN = /\[([^\][\n]{0,200})\]\(\s*(<[^>\n]{0,400}>|[^\s()]*(?:\([^\s()]*\)[^\s()]*)*)(?:\s+"[^"\n]{0,100}")?\s*\)/g;
const BARE =
  /(?<![\p{L}\p{N}@/.])(?:(?:https?|ftp|javascript|data|file):\/{0,3}[^\s<>"'`]{1,600}|www\.[^\s<>"'`]{1,600}|(?:localhost|(?:\d{1,3}\.){3}\d{1,3})(?::\d{2,5})(?:\/[^\s<>"'`]{0,300})?)/giu;
/** A host without a scheme; endings that are words or files are left out. */
const HOST =
  /(?<![\p{L}\p{N}@/._-])(?:[a-z0-9-]{1,63}\.){1,4}(?:com|net|org|io|app|dev|co|cloud|online|site|support|help|info|biz|xyz|ly|me|example)\b(?:\/[^\s<>"'`)\]]{0,300})?/giu;

function linksIn(prose: string): Link[] {
  const links: Link[] = [];
  let rest = prose.replace(MARKDOWN, (all, words: string, target: string) => {
    links.push({ target: target.replace(/^<|>$/g, ''), words });
    return ' '.repeat(all.length);
  });
  rest = rest.replace(BARE, (all) => {
    const target = trimEnd(all);
    links.push({ target, words: '' });
    return ' '.repeat(all.length);
  });
  for (const [host] of rest.matchAll(HOST)) links.push({ target: trimEnd(host), words: '' });
  return links;
}

/** Marks that end a sentence or emphasis are not of the link. */
function trimEnd(target: string): string {
  let end = target.length;
  while (end > 0 && /[.,;:!?*_)\]}'"…]/.test(target[end - 1] ?? '')) {
    if (target[end - 1] === ')' && (target.slice(0, end).match(/\(/g) ?? []).length >= (target.slice(0, end).match(/\)/g) ?? []).length) break;
    if (target[end - 1] === '}' && target.slice(0, end).includes('{')) break;
    end -= 1;
  }
  return target.slice(0, end);
}

const PLACEHOLDER =
  /[{}<>[\]]|\b(?:your|my)[-_]?(?:domain|company|site|workspace|subdomain|app|url|link)\b|\b(?:example|test|placeholder|domain|acme|foo|sample)\.(?:com|org|net|io)\b|\b(?:insert|todo|tbd|xxx+)\b|\.\.\.|%7b/i;
const LOCAL =
  /^(?:localhost|.*\.local(?:host)?|.*\.internal|.*\.lan|\[?::1\]?|\[?f[cd][\da-f]{2}:.*|0\.0\.0\.0|127\.\d+\.\d+\.\d+|10\.\d+\.\d+\.\d+|192\.168\.\d+\.\d+|172\.(?:1[6-9]|2\d|3[01])\.\d+\.\d+|169\.254\.\d+\.\d+)$/i;
const SHORTENERS = new Set(['bit.ly', 'tinyurl.com', 't.co', 'goo.gl', 'ow.ly', 'is.gd', 'buff.ly', 'rb.gy', 'cutt.ly']);
const VAGUE = /^(?:click )?here$|^(?:this )?link$|^this$/i;

function ofLink({ target, words }: Link, hosts: readonly string[], theirs: readonly string[]): Finding[] {
  const said = target === '' ? words : target;
  const find = (severity: 'critical' | 'high' | 'medium' | 'low', finding: string, recommendation: string): Finding =>
    found(CHECK, severity, finding, recommendation, said);
  if (target === '' || target === '#') return [find('high', `The link behind ${quote(words)} leads nowhere.`, 'Give its address, or write plain words.')];
  if (/^(?:javascript|data|vbscript|file):/i.test(target))
    return [find('critical', `The link ${quote(target)} runs or opens something instead of a page.`, 'Take it out.')];
  if (/^mailto:/i.test(target)) return [];
  if (PLACEHOLDER.test(target)) return [find('high', `The link ${quote(target)} is a placeholder.`, 'Give the real address, or leave it out.')];
  if (/^[/#]/.test(target))
    return [find('medium', `The link ${quote(target)} leads nowhere from a chat.`, 'Give the whole address, or the way through the menus.')];
  const url = parse(target);
  if (!url) return [find('high', `The link ${quote(target)} is not well formed.`, 'Write it again.')];
  const host = url.hostname.toLowerCase().replace(/\.$/, '');
  const findings: Finding[] = [];
  if (url.username !== '' || url.password !== '') findings.push(find('critical', 'A link carries a name or password.', 'Take them out.'));
  if (LOCAL.test(host)) return [...findings, find('high', `The link ${quote(target)} leads into a local network.`, 'Give an address the customer can reach.')];
  const allowed = isAllowed(host, hosts) || isAllowed(host, theirs);
  const scheme = /^([a-z][a-z\d+.-]*):\/\//i.exec(target)?.[1]?.toLowerCase();
  if (scheme !== undefined && scheme !== 'https')
    findings.push(find(scheme === 'http' ? 'medium' : 'high', `The link ${quote(target)} is not https.`, 'Use https.'));
  if (!allowed) findings.push(ofStrange(host, target, hosts, find));
  const told = /\b((?:[a-z0-9-]+\.)+[a-z]{2,})\b/i.exec(words)?.[1]?.toLowerCase();
  if (told !== undefined && told !== host && !host.endsWith(`.${told}`) && /\.(?:com|net|org|io|app|dev|example)$/.test(told))
    findings.push(find('high', `The link says ${quote(words)} and leads to ${host}.`, 'Let both be the same.'));
  if (VAGUE.test(words.trim())) findings.push(find('low', `The link is called ${quote(words)}.`, 'Name what it leads to.'));
  return findings;
}

function ofStrange(
  host: string,
  target: string,
  hosts: readonly string[],
  find: (severity: 'high' | 'medium' | 'low', finding: string, recommendation: string) => Finding,
): Finding {
  const ours = hosts.map((allowed) => allowed.split('.').at(-2) ?? allowed);
  if (ours.some((name) => host.split('.').some((label) => label.includes(name))))
    return find('high', `The host ${quote(host)} looks like ours and is not.`, `Use one of ${hosts.join(', ')}.`);
  if (/(?:^|\.)xn--/.test(host)) return find('high', `The host of ${quote(target)} has letters that look like others.`, 'Take the link out.');
  if (SHORTENERS.has(host)) return find('high', `The link ${quote(target)} hides where it leads.`, 'Give the address itself.');
  // A name such as monday.com in a sentence is a name first.
  return find(
    /^(?:[a-z]+:|www\.)/i.test(target) || target.includes('/') ? 'medium' : 'low',
    `The host ${quote(host)} is not one the business links to.`,
    `Link to ${hosts.join(', ')} or leave it out.`,
  );
}

function isAllowed(host: string, hosts: readonly string[]): boolean {
  return hosts.some((allowed) => host === allowed || host.endsWith(`.${allowed}`));
}

function parse(target: string): URL | null {
  const whole = /^[a-z][a-z\d+.-]*:/i.test(target) && !/^[a-z\d.-]+:\d/i.test(target) ? target : `https://${target}`;
  const url = URL.canParse(whole) ? new URL(whole) : null;
  return url && url.hostname !== '' && (url.hostname.includes('.') || url.hostname.includes(':') || url.hostname === 'localhost') ? url : null;
}
