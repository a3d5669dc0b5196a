/**
 * Whether a message is a plain yes to what was just proposed. Errs on the side of no: whoever adds a condition, a question or
 * another wish is asked again. Words of the five languages customers write in most; understands no sentences.
 */

/** A plain yes is short; a longer message says something else as well. */
const CHARS_MAX = 160;

const YES =
  /^(?:(?:oh|ok|okay|well|great|perfect|thanks|thank you|hi|hello|alright|all right|cool|super|danke|gracias|merci)[\s,.!]+)*(?:yes|yep|yeah|yup|ya|sure|certainly|absolutely|definitely|of course|ok|okay|fine|agreed|i agree|we agree|i accept|accepted|confirm|confirmed|i confirm|we confirm|correct|right|go ahead|please do|do it|do so|please proceed|proceed|go for it|sounds good|that works|works for me|deal|approved|let'?s do (?:it|that)|ja|jawohl|gerne|einverstanden|passt|mach(?:en sie)? das|s[ií]|claro|de acuerdo|vale|adelante|hazlo|oui|d'accord|volontiers|allez-y|entendu|sim|pode ser|concordo)(?![\p{L}\p{N}])/iu;

const BUT =
  /\?|(?<![\p{L}\p{N}])(?:no|not|don'?t|do not|doesn'?t|won'?t|never|wait|hold|stop|cancel that|but|except|unless|instead|rather|only if|if|however|first|before|after|until|later|maybe|perhaps|nein|nicht|kein|aber|wenn|erst|doch|pero|tampoco|nunca|quiz[aá]s|non|pas|mais|jamais|n[aã]o|mas)(?![\p{L}\p{N}])/iu;

export function isYes(said: string): boolean {
  const text = said.normalize('NFKC').replace(/[’‘]/g, "'").replace(/\s+/g, ' ').trim();
  return text.length <= CHARS_MAX && YES.test(text) && !BUT.test(text);
}
