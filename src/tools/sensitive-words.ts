/** Words that a support desk does not write to a customer, with what to say instead. A list, no code: patterns match whole words. */
import type { Severity } from '../orchestration/workflow-input.ts';

export interface Sensitive {
  readonly pattern: RegExp;
  /** Stands behind "it is". */
  readonly kind: 'offensive' | 'ableist' | 'biased' | 'insensitive to a culture';
  readonly severity: Severity;
  /** Other words; empty where there is nothing to say instead. */
  readonly instead: string;
}

function word(kind: Sensitive['kind'], severity: Severity, words: string, instead: string): Sensitive {
  return { pattern: new RegExp(`(?<![\\p{L}\\p{N}_-])(?:${words})(?![\\p{L}\\p{N}_-])`, 'giu'), kind, severity, instead };
}

export const SENSITIVE: readonly Sensitive[] = [
  word('offensive', 'critical', 'fuck(?:ing|ed|er)?|bullshit|shit(?:ty)?|assholes?|bitch(?:es)?|bastards?|dickheads?|cunts?', ''),
  word('offensive', 'critical', 'retard(?:s|ed)?|fagg?ots?|trann(?:y|ies)|n[i1]gg(?:er|a)s?|spics?|chinks?|kikes?|wetbacks?|towelheads?', ''),
  word(
    'offensive',
    'high',
    'idiot(?:s|ic)?|morons?|moronic|imbeciles?|stupid(?:ity)?|cretins?|losers?|shut up|scumbags?|jerks?',
    'what happened, without a word about the person',
  ),
  word('offensive', 'medium', 'dumb|pathetic|ridiculous(?:ly)?|ignorant|clueless|incompetent', 'what exactly does not fit'),
  word(
    'ableist',
    'high',
    'cripple[ds]?|spaz|spastic|psychos?|schizo(?:phrenic)?|lunatics?|mentally ill|midgets?|deaf and dumb|wheelchair[- ]bound',
    'what is meant, in plain words',
  ),
  word(
    'ableist',
    'medium',
    'crazy|insane(?:ly)?|nuts|lame|deranged|tone[- ]deaf|(?:so|a bit|totally|being|is) (?:bipolar|ocd)|blind to|turn(?:ing)? a blind eye|fall(?:s|ing)? on deaf ears',
    '"surprising", "very", "unaware of", or what is meant',
  ),
  word(
    'ableist',
    'low',
    'crippling|handicapped|sanity[- ]check(?:s|ed)?|dummy (?:users?|proof)|(?:suffers?|suffering) from (?:autism|a disability)',
    '"disabled", "quick check", "test"',
  ),
  word(
    'biased',
    'high',
    "(?:women|men|girls|old people|elderly people|foreigners|immigrants|young people|millennials|boomers) (?:are|always|never|usually|tend to|can't|cannot|don't)",
    'nothing about a whole group',
  ),
  word('biased', 'high', "(?:like|throw like|for) a girl|(?:man|men) up|women's work|drama queens?|illegal aliens?|illegals", 'what is meant, without a group'),
  word(
    'biased',
    'medium',
    'dear sirs?|dear sir or madam|gentlemen|ladies|(?:hey|hi|hello),? (?:girls|ladies|boys)|housewi(?:fe|ves)|(?:your|my|the) secretary|(?:at|for) your age|senile|grandma|grandpa|old folks|boomers?',
    'the name, or "team"',
  ),
  word(
    'biased',
    'low',
    'guys|manpower|man[- ]hours?|man[- ]days?|chairm[ae]n|mankind|manned|salesm[ae]n|spokesm[ae]n|workm[ae]n|businessm[ae]n|he or she|he/she|his or her|housekeeping lady',
    '"everyone", "staff", "hours of work", "chair", "they"',
  ),
  word(
    'biased',
    'low',
    'black-?list(?:s|ed|ing)?|white-?list(?:s|ed|ing)?|grand-?fathered(?: in)?|master/slave|master and slave|slave (?:node|server|database)s?',
    '"deny list", "allow list", "kept from before", "primary and replica"',
  ),
  word(
    'insensitive to a culture',
    'high',
    'gyp(?:ped|sy|sies)|jewed|orientals?|eskimos?|colou?red people|third[- ]world (?:countr(?:y|ies)|people|problems?)|indian givers?|off the reservation|red ?skins?|savages?|primitive (?:people|countr(?:y|ies))',
    'the name people give themselves, or what is meant',
  ),
  word(
    'insensitive to a culture',
    'medium',
    'pow-?wows?|low man on the totem pole|spirit animals?|peanut gallery|(?:grammar|code|design) nazis?|chinese whispers|(?:normal|proper) (?:names?|english|people)|weird (?:name|accent|holiday)s?|merry christmas to all|long time no see',
    'what is meant, in plain words',
  ),
];
