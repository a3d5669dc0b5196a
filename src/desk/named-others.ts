/**
 * Whether a message names somebody, some company or some endpoint that is not the customer's own. Addresses are compared; names are
 * found by where they stand ("of Marcus Weber", "Marcus's", "unlock marcus") and are a guess that errs on the side of asking again.
 */
import type { AskedWords } from './asked-words.ts';
import type { Named } from './person-meant.ts';

export interface Account {
  /** Everybody of the workspace, and the customer. */
  readonly people: readonly Named[];
  readonly company: string | null;
}

const EMAIL = /[\p{L}\p{N}._%+'-]+@[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+/gu;
const NAME = String.raw`\p{Lu}\p{Ll}[\p{L}'’-]*`;
const OF = 'of|for|including|behind|unlock|reset|remind|von|für|de|del|para|por|pour|do|da';
/** "of Marcus Weber", "unlock Marcus". */
const NAMED_BY_OF = new RegExp(String.raw`(?<![\p{L}\p{N}])(?:${OF}) (${NAME}(?: ${NAME})*)`, 'gu');
/** "Marcus's password". */
const NAMED_BY_S = new RegExp(String.raw`(?<![\p{L}\p{N}])(${NAME}?(?: ${NAME}?)?)['’]s(?![\p{L}])`, 'gu');
/** "Marcus Weber is locked out", "Marcus forgot". */
const NAMED_BY_TROUBLE = new RegExp(
  String.raw`(?<![\p{L}\p{N}])(${NAME}(?: ${NAME})?) (?:(?:is|was|got|has been) (?:\p{L}+ )?(?:locked|shut|blocked)|forgot|forgets|has forgotten|lost|cannot|can['’]t|can not|couldn['’]t|never got|hat|kann|ist|olvidó|no puede|a oublié|ne peut|esqueceu|não consegue)(?![\p{L}])`,
  'gu',
);
/** People do not always write names with capitals; right after these verbs the next word is whom they mean. */
const NAMED_BY_VERB = /(?<![\p{L}\p{N}])(?:unlock|entsperre?|desbloquea|débloque) (\p{Ll}[\p{L}'’-]+)/gu;
/** Whole other accounts, by no name. */
const ELSEWHERE =
  /(?<![\p{L}])(?:(?:other|another|every|different) (?:customer|compan(?:y|ie)|workspace|tenant|organi[sz]ation)s?(?:['’]s?)?|(?:somebody|someone) else['’]s (?:account|workspace|data)|every workspace)(?![\p{L}])/iu;

/** Capitalised or in a name's place, and no name. */
const NO_NAMES = new Set(
  `i he she we they it you that this there here what who where when why how which let stopped works working doesn't isn't won't ich er sie wir ihr es was wer wie wo wann warum man niemand jemand él ella nosotros yo il elle nous je ele ela eu quién qui quem everyone everybody nobody somebody someone anyone people user users member members admin admins owner colleague colleagues team
  me my mine our ours us him his her hers them their your the a an all any each every please again now one ones and or
  account accounts workspace company login password support billing board boards project projects task tasks invoice invoices webhook endpoint session sessions device devices phone laptop
  mein meine meinen unser unsere unseren das den die der dem ihn sie uns mich alle bitte mi mis la el los las mon ma mes le les notre nos meu minha o os as nossa nosso
  loomwork slack github gitlab google jira asana trello salesforce teams microsoft outlook zapier dropbox calendar drive okta entra azure iphone ipad android windows linux mac macbook chrome firefox safari edge visa mastercard paypal
  premium basic enterprise free settings security members developer notifications
  january february march april may june july august september october november december monday tuesday wednesday thursday friday saturday sunday today yesterday tomorrow
  english german french spanish portuguese europe berlin`.split(/\s+/),
);

/** The first of them as the message writes it; null when everybody it names is the customer's own. */
export function namesOthers(text: string, { people, company }: Account, { strangers, newAddresses }: AskedWords): string | null {
  const addresses = new Set(people.map(({ email }) => email.toLowerCase()));
  const stranger = newAddresses ? undefined : (text.match(EMAIL) ?? []).find((address) => !addresses.has(address.toLowerCase().replace(/[.'-]+$/, '')));
  if (stranger !== undefined) return `The address ${stranger}`;
  const elsewhere = ELSEWHERE.exec(text)?.[0];
  if (elsewhere !== undefined) return `"${elsewhere}"`;
  if (strangers === 'never') return null;
  const known = new Set([company ?? '', ...people.flatMap(({ name, email }) => [name, email.split('@', 1)[0] ?? ''])].flatMap(partsOf));
  const patterns = [NAMED_BY_OF, NAMED_BY_S, ...(strangers === 'one_word' ? [NAMED_BY_TROUBLE, NAMED_BY_VERB] : [])];
  const plain = text.replaceAll(EMAIL, ' ').replaceAll(/\s+/g, ' ');
  for (const [, name = ''] of patterns.flatMap((pattern) => [...plain.matchAll(pattern)])) {
    const parts = partsOf(name);
    if (parts.length < (strangers === 'two_words' ? 2 : 1) || parts.some((part) => NO_NAMES.has(part) || known.has(part))) continue;
    return `"${name}"`;
  }
  return null;
}

const HOST =
  /(?:https?:\/\/)[\p{L}\p{N}.-]+|(?<![\p{L}\p{N}.@-])[\p{L}\p{N}-]{1,63}(?:\.[\p{L}\p{N}-]{1,63}){0,6}\.(?:com|net|org|io|dev|app|ai|co|cloud|eu|de|fr|es|pt|br|uk|example|test|local|internal)(?![\p{L}\p{N}-])/giu;

/** The first host named that is none of these; the product's own do not count. */
export function namesOtherHost(text: string, hosts: readonly string[]): string | null {
  const named = (text.replaceAll(EMAIL, ' ').match(HOST) ?? []).map((host) =>
    host
      .replace(/^https?:\/\//i, '')
      .replace(/[.-]+$/, '')
      .toLowerCase(),
  );
  return named.find((host) => !hosts.includes(host) && host !== 'loomwork.example' && !host.endsWith('.loomwork.example')) ?? null;
}

function partsOf(name: string): string[] {
  return name
    .normalize('NFKC')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((part) => part.length > 1 && part !== 's');
}
