/**
 * `check_tone`: how a draft sounds to whoever wrote the question: shouting, blame, dismissal, slang, filler, big promises, and whether an
 * upset customer is met with a word of understanding. Words somebody quotes are not the draft's own.
 */
import type { AnyTool, Reviewed } from '../orchestration/tool.ts';
import { readLanguage } from '../orchestration/understand/language.ts';
import { readSentiment } from '../orchestration/understand/sentiment.ts';
import { readWords } from '../orchestration/understand/words.ts';
import type { Finding } from '../orchestration/verdict.ts';
import type { Severity } from '../orchestration/workflow-input.ts';
import { isNegated, proseOf, sentencesOf, withoutCode, withoutQuotes, type Piece } from './draft.ts';
import { defineCheck, found, quote, type Reading } from './review.ts';

export function checkTone(): AnyTool {
  return defineCheck({
    name: 'check_tone',
    description:
      'Looks at how a draft sounds: shouting, blame, dismissal, slang, filler, big promises, language, and a word of understanding for an upset customer.',
    about: 'the tone',
    read: (reviewed) => readTone(reviewed),
  });
}

const CHECK = 'tone';
/** From here down a customer is upset where they also say so, and from here down in any case. Describing a fault is no outburst. */
const UPSET_SCORE = -0.3;
const ANGRY_SCORE = -0.6;
const SENTENCE_WORDS_MAX = 45;
const ANSWER_WORDS_MAX = 450;
const SORRY_MAX = 2;
const LANGUAGE_CONFIDENCE = 0.65;
/** A language is told by its small words; fewer words than these do not have them. */
const LANGUAGE_WORDS_MIN = 6;

interface Rule {
  readonly pattern: RegExp;
  readonly severity: Severity;
  readonly says: string;
  readonly instead: string;
  readonly unlessNegated?: boolean;
}

const RULES: readonly Rule[] = [
  {
    pattern:
      /\byou (?:should|could) have (?:\w+ )?(?:read|known|checked|noticed|thought|told|asked|backed|done|been|seen|paid|saved|followed|contacted|looked|tried)\b|\b(?:it|this|that)(?:'s| is| was) (?:entirely |all |clearly |obviously )?your (?:own )?(?:fault|mistake|responsibility to|problem)\b|\byou (?:failed|neglected|forgot|refused|didn't bother|did not bother) to\b|\byou must have (?:done|entered|typed|clicked|deleted|made|broken)\b|\bbecause you (?:did not|didn't) (?:read|follow|listen|pay attention)\b|\byour (?:own )?(?:carelessness|negligence)\b|\buser error\b|\byou (?:obviously|clearly) (?:did|have|do|are|broke|deleted|missed)\b/gi,
    severity: 'high',
    says: 'The draft blames the customer',
    instead: 'Say what happened and what to do, without whose fault it is.',
  },
  {
    pattern:
      /\bcalm down\b|\bnot (?:my|our) (?:problem|fault|department|job)\b|\b(?:just )?google it\b|\bread the (?:manual|documentation|docs|instructions|article)(?: first| again| carefully)\b|\blike (?:i|we) (?:already )?(?:said|told you|explained)\b|\bas (?:i|we)(?:'ve| have)? already (?:said|told you|explained|stated)\b|\b(?:i|we)(?:'ve| have)? already (?:told|explained to) you\b|\bdeal with it\b|\bthat's (?:just )?(?:how it is|the way it is|too bad)\b|\btoo bad\b|\bstop (?:complaining|whining|asking|writing)\b|\byou(?:'re| are) (?:overreacting|being (?:difficult|rude|unreasonable|dramatic)|wrong)\b|\bnothing (?:i|we) can do\b(?! (?:\w+ ){0,3}but\b)|\bwhatever\.|\bwe don't care\b|\btake it or leave it\b/gi,
    severity: 'high',
    says: 'The draft brushes the customer off',
    instead: 'Say what can be done, or who can do it.',
  },
  {
    pattern:
      /\b(?:lol|lmao|rofl|wtf|omg|dunno|gonna|wanna|gotta|ain't|yep|nope|dude|bro|buddy|mate|y'all|u r|ur|thx|pls|k thanks|my bad|oopsie|yikes|sucks|screwed up|crappy|crap|damn|hell yeah|shit\w*|fuck\w*|bullshit)\b/gi,
    severity: 'medium',
    says: 'The draft is too casual',
    instead: 'Use plain, polite words.',
  },
  {
    pattern:
      /\bi hope this (?:e-?mail|message) finds you well\b|\bplease be (?:advised|informed|noted)\b|\bkindly (?:do the needful|revert)\b|\bat your earliest convenience\b|\bneedless to say\b|\bas per (?:our|your|my|the)\b|\b(?:what a |that's a |that is a )?(?:great|excellent|fantastic|wonderful|amazing) question\b|\bthank you for reaching out to us today\b|\bdue to the fact that\b|\bwe value your (?:business|feedback)\b|\bit should be noted that\b|\byour call is important\b|\bplease do not hesitate to\b|\bwe strive to\b/gi,
    severity: 'low',
    says: 'The draft has filler',
    instead: 'Leave it out: answer first.',
  },
  {
    pattern:
      /\b(?:i|we) (?:can )?(?:absolutely |definitely |personally )?(?:promise|guarantee|assure you)\b|\brest assured\b|\b(?:definitely|certainly|absolutely|surely) (?:will |be |get |fix|solve|work)\w*|\bwill (?:definitely|certainly|absolutely|surely)\b|\bin no time\b|\b100 ?% (?:sure|certain|satisf\w*)\b|\bnever (?:happen|occur) again\b|\bbest (?:in the world|on the market|ever)\b|\bperfect(?:ly)? (?:solution|product|for every)\b/gi,
    severity: 'medium',
    says: 'The draft promises more than it knows',
    instead: 'Say what is done and what comes next.',
    unlessNegated: true,
  },
  {
    pattern:
      /\b(?:obviously|as everyone knows|everybody knows|of course you|simply put,? you|it's (?:very |really )?(?:simple|easy|obvious)|any(?:one|body) (?:can|could) (?:see|do))\b/gi,
    severity: 'low',
    says: 'The draft talks down',
    instead: 'Leave the word out.',
    unlessNegated: true,
  },
];

const UNDERSTANDING =
  /\b(?:sorry|apolog\w*|understand(?:able|ably)?|i see (?:why|how|that)|frustrat\w*|regret|i can imagine|i hear|should not have happened|shouldn't have happened|not (?:good enough|what you should expect)|our (?:mistake|fault)|annoying|worrying|upsetting|you(?:'re| are) right|thank you for (?:telling|letting|your patience|bearing)|tut (?:mir|uns) leid|entschuldig\w*|lo siento|disculp\w*|désolée?s?|excus\w*|lamento|desculp\w*)\b/i;
const SAYS_SO =
  /\b(?:frustrat\w*|disappoint\w*|annoy\w*|angry|furious|upset|unhappy|terrible|horrible|awful|unacceptable|ridiculous|outrageous|worst|useless|joke|fed up|sick of|tired of|nobody (?:answers?|replies|helps|cares|reacts)|(?:had|that's) enough|third time|(?:three|four|five|several|many) times|again and again|still (?:not|no|doesn't|nothing|waiting)|for (?:days|weeks|hours))\b|!{2,}/i;
const CHEERFUL =
  /\b(?:awesome|yay|no worries|super|fantastic|wonderful|amazing|have a (?:great|fantastic|wonderful|lovely) day)\b|[😀😃😄😁😊😍🥳🎉😎🤩]|(?:^|\s)[:;]-?[)D](?:\s|$)/iu;

export function readTone({ question, answer }: Reviewed): Reading {
  const prose = proseOf(answer);
  const sentences = sentencesOf(prose);
  const said = withoutQuotes(withoutCode(question));
  const score = question.trim() === '' ? 0 : readSentiment(readWords(said)).score;
  const upset = score <= ANGRY_SCORE ? 'angry' : score <= UPSET_SCORE && SAYS_SO.test(said) ? 'upset' : 'calm';
  const findings = [
    ...sentences.flatMap(ofRules),
    ...ofShouting(prose),
    ...ofEmpathy(prose, answer, upset),
    ...ofLength(sentences, prose),
    ...ofLanguage(question, prose),
  ];
  return { findings, checked: RULES.length + 5 };
}

function ofRules({ text }: Piece): Finding[] {
  return RULES.flatMap(({ pattern, severity, says, instead, unlessNegated = false }) =>
    [...text.replaceAll('’', "'").matchAll(pattern)]
      .filter((match) => !unlessNegated || !isNegated(text, match.index))
      .map((match) => {
        const words = text.slice(match.index, match.index + match[0].length);
        return found(CHECK, severity, `${says}: ${quote(words)}.`, instead, words);
      }),
  );
}

/** Kinds of files and the like, beside what readWords knows to be written so. */
const FORMATS =
  /\b(?:PNG|JPE?G|GIF|SVG|MP[34]|ICS|HTML|CSS|SQL|DNS|IPS?|IDP|IDS?|UTC|TXT|XLSX|DOCX|ODS|EU|UK|US|AM|PM|FAQS?|CEO|CTO|HR|IT|UI|UX|AI|SAAS|REST|GET|POST|PUT|PATCH|DELETE|JWT|RSA|SHA|AES|UTF|TOTP|LDAP|IBAN|SEPA|CVV|PIN|PO|BAA|SOC|PCI)\b/g;
/** Two words in capitals beside each other. */
const CAPITALS = /(?<![\p{L}\p{N}_.-])\p{Lu}{2,}(?:['’]\p{Lu}+)?(?:[ ,]+\p{Lu}{2,}(?:['’]\p{Lu}+)?)+(?![\p{L}\p{N}_-])/gu;
const LOUD_WORD =
  /(?<![\p{L}\p{N}_./-])(?:NOT|NEVER|ALWAYS|MUST|VERY|STOP|NOW|PLEASE|READ|AGAIN|ONLY|IMPORTANT|WARNING|IMMEDIATELY|CANNOT|YOUR|YOU)(?![\p{L}\p{N}_-])/gu;

function ofShouting(prose: string): Finding[] {
  const findings: Finding[] = [];
  for (const [words] of prose.matchAll(CAPITALS)) {
    // What readWords takes for shouted is no abbreviation; four words around it keep it from taking all of a text for shouted.
    const loud = readWords(`so it is said here ${words.replace(FORMATS, ' ')} and then some more words`).shouted;
    if (loud.size >= 2) findings.push(found(CHECK, 'medium', `The draft shouts: ${quote(words)}.`, 'Write it in small letters.', words));
  }
  const alone = [...prose.matchAll(LOUD_WORD)].filter(([word]) => !findings.some(({ location }) => location.includes(word)));
  const [first] = alone;
  if (first) findings.push(found(CHECK, 'low', `The draft raises its voice: ${quote(first[0])}.`, 'Write it in small letters.', first[0]));
  const marks = /!{2,}|\?{2,}|[!?]*(?:!\?|\?!)[!?]*/.exec(prose);
  if (marks) findings.push(found(CHECK, 'medium', `The draft has ${quote(marks[0])}.`, 'One mark is enough.', marks[0]));
  else if ((prose.match(/!/g) ?? []).length > 3) findings.push(found(CHECK, 'low', 'The draft has more than three exclamation marks.', 'Use full stops.'));
  return findings;
}

function ofEmpathy(prose: string, answer: string, mood: 'angry' | 'upset' | 'calm'): Finding[] {
  const findings: Finding[] = [];
  if (mood !== 'calm' && !UNDERSTANDING.test(answer))
    findings.push(
      found(
        'empathy',
        mood === 'angry' ? 'high' : 'medium',
        'The customer is upset, and the draft has no word for it.',
        'Name the problem in their words, say sorry once, then say what happens next.',
      ),
    );
  const cheerful = mood !== 'calm' ? CHEERFUL.exec(prose) : null;
  if (cheerful)
    findings.push(found('empathy', 'medium', `The customer is upset, and the draft is cheerful: ${quote(cheerful[0])}.`, 'Be calm and warm.', cheerful[0]));
  const sorry = prose.match(/\b(?:sorry|apolog\w+)\b/gi) ?? [];
  if (sorry.length > SORRY_MAX)
    findings.push(found('empathy', 'low', `The draft says sorry ${sorry.length} times.`, 'Once is enough.', sorry[SORRY_MAX] ?? ''));
  return findings;
}

function ofLength(sentences: readonly Piece[], prose: string): Finding[] {
  const words = (text: string): number => text.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word)).length;
  const long = sentences.find(({ text }) => words(text) > SENTENCE_WORDS_MAX);
  return [
    ...(long ? [found('clarity', 'low', `A sentence has ${words(long.text)} words.`, 'Make two of it.', long.text)] : []),
    ...(words(prose) > ANSWER_WORDS_MAX ? [found('clarity', 'low', `The draft has ${words(prose)} words.`, 'Keep to what was asked.')] : []),
  ];
}

/** The customer's language is the answer's. */
function ofLanguage(question: string, prose: string): Finding[] {
  const [asked, said] = [readWords(withoutCode(question)), readWords(prose)];
  if (asked.count < LANGUAGE_WORDS_MIN || said.count < LANGUAGE_WORDS_MIN) return [];
  const [wanted, given] = [readLanguage(asked), readLanguage(said)];
  if (wanted.language === given.language || wanted.confidence < LANGUAGE_CONFIDENCE || given.confidence < LANGUAGE_CONFIDENCE) return [];
  return [found('language', 'medium', `The customer writes in "${wanted.language}", the draft in "${given.language}".`, "Answer in the customer's language.")];
}
