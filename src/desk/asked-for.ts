/**
 * Whether the customer asked for an act that needs no offer: in words for that kind of act in the message being answered, or with a
 * plain yes to a question about it in the answer before, and without naming somebody who is not on their account. What they quote,
 * forward or put into a machine's mouth asks for nothing. Does nothing itself and checks no grant.
 */
import type { Prisma } from '../store/generated/prisma/client.ts';
import { refused, type AgentCall } from './agent-act.ts';
import { ASKED_WORDS, EVERYTHING, type AskedAct, type AskedWords } from './asked-words.ts';
import { ownWords } from './grounding.ts';
import { namesOthers, type Account } from './named-others.ts';
import { foldWords } from './word-pattern.ts';
import { isYes } from './yes.ts';

/** A message this short may answer our question about an act that the message before asked for. */
const FOLLOW_UP_WORDS_MAX = 8;

export interface Asked {
  /** The sentences that ask: the customer's own, or our question when they said yes to it. Lower case. */
  readonly asking: string;
  /** All they said about it, with the sentences around. */
  readonly said: string;
}

/** The rows that are read, in the act's transaction or before it. */
type AskedReader = Pick<Prisma.TransactionClient, 'message' | 'customer' | 'contact' | 'member'>;

/** @throws AppError CONFLICT when nobody asked for it, or when the message names somebody else. */
export async function assertAsked(reader: AskedReader, call: AgentCall, act: AskedAct): Promise<Asked> {
  const words: AskedWords = ASKED_WORDS[act];
  const asked = asksIn(call.said, words) ?? (await agreedIn(reader, call, words));
  const others = namesOthers(ownWords([call.said, ...(asked?.before ?? [])].join('\n')), await accountOf(reader, call.customerId), words);
  if (others !== null) throw refused(`${others} is not on this account, so nothing was done. Say so, and ask who or what of their own the customer means.`);
  if (!asked) throw refused(`The customer has not asked for ${words.label} in this message, so nothing was done. Ask whether that is wanted.`);
  return asked;
}

/** True when it was asked for everybody or everything. */
export function asksForAll({ asking }: Asked): boolean {
  return EVERYTHING.test(asking);
}

interface Found extends Asked {
  /** Earlier messages of the customer that count as well. */
  readonly before?: readonly string[];
}

function asksIn(text: string, words: AskedWords): Found | null {
  const said = sentencesOf(ownWords(text));
  const asking = said.filter((sentence) => asksFor(sentence, words));
  return asking.length === 0 ? null : { asking: asking.join(' '), said: said.join(' ') };
}

/** A yes to our question, or what we asked for, to a wish of the message before. */
async function agreedIn(reader: AskedReader, call: AgentCall, words: AskedWords): Promise<Found | null> {
  const { conversationId, runId, said, earlier } = call;
  if (conversationId === null) return null;
  const told = await reader.message.findFirst({
    where: { conversationId, role: { in: ['agent', 'person'] }, OR: [{ runId: null }, { runId: { not: runId } }] },
    orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
    select: { text: true },
  });
  const questions = told ? sentencesOf(told.text).filter((sentence) => sentence.endsWith('?')) : [];
  if (questions.length === 0) return null;
  if (isYes(said)) {
    const asking = questions.filter((question) => hasWords(question, words));
    return asking.length === 0 ? null : { asking: asking.join(' '), said: asking.join(' ') };
  }
  const own = foldWords(ownWords(said));
  const before = earlier.at(-1);
  if (before === undefined || own === '' || own.split(' ').length > FOLLOW_UP_WORDS_MAX || REFUSES.test(own)) return null;
  const wish = asksIn(before, words);
  return wish && { asking: `${wish.asking} ${own}`, said: `${wish.said} ${own}`, before: [before] };
}

function asksFor(sentence: string, words: AskedWords): boolean {
  if (words.tells?.test(sentence)) return true;
  return !isHowTo(sentence) && (words.undeniable ? words.asks.test(sentence) : isWanted(sentence, words.asks));
}

function hasWords(sentence: string, { asks, tells }: AskedWords): boolean {
  return asks.test(sentence) || tells?.test(sentence) === true;
}

/** Some place in the sentence names the act and no "don't" stands right before it. */
function isWanted(sentence: string, asks: RegExp): boolean {
  return [...sentence.matchAll(new RegExp(asks, 'gu'))].some(({ index }) => !DENIED.test(sentence.slice(0, index)));
}

const NOT = "(?:do not|don't|dont|did not|didn't|never|not|without|no longer|nobody|nicht|niemals|kein\\p{L}*|ohne|no|nunca|sin|ne|jamais|sans|não|nao|sem)";
/** At most three words between a "not" and the act it turns round. */
const DENIED = new RegExp(`(?:^|[^\\p{L}])${NOT}(?: [^ ,;]+){0,3} ?$`, 'u');
const REFUSES =
  /(?:^|[^\p{L}])(?:no|nope|not|don't|do not|never|stop|wait|cancel|forget it|nein|nicht|halt|warte|espera|non|pas|attends|não|espere)(?:[^\p{L}]|$)/u;

/** Asking how something is done, or what it would do, is not asking for it. */
function isHowTo(sentence: string): boolean {
  return /^(?:and |but |so |also |hi |hello |hey )?(?:how (?:do|does|can|could|would|should|to|is|are)|what (?:happens|does|would|will|is|are|if)|why|where|when|who|which|is it possible|is there|wie|warum|was passiert|wo|wer|cómo|como|por qué|qué pasa|comment|pourquoi|que se passe|o que acontece)(?: |$)/u.test(
    sentence,
  );
}

/** Folded; each keeps the mark it ends with. A point inside an address or a number ends nothing. */
function sentencesOf(text: string): string[] {
  return text
    .split(/(?<=[.!?…])\s+|\n+|;\s/u)
    .map(foldWords)
    .filter((sentence) => sentence !== '');
}

async function accountOf(reader: AskedReader, customerId: string): Promise<Account> {
  const people = { where: { customerId }, select: { name: true, email: true } };
  const [customer, contacts, members] = [
    await reader.customer.findUniqueOrThrow({ where: { id: customerId }, select: { name: true, email: true, company: true } }),
    await reader.contact.findMany(people),
    await reader.member.findMany(people),
  ];
  return { people: [customer, ...contacts, ...members], company: customer.company };
}
